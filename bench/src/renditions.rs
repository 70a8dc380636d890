//! Squares of 512 pixels from photographs, against vipsthumbnail: both one process with all files, on one
//! thread. And how good smaller ones look.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::{
    Bench,
    pairs::{Spread, in_turn},
    photograph::photograph,
    proc, quality,
    report::{RATIO, Report, Target, megabytes},
};

const FILES: u32 = 40;
const PAIRS: usize = 7;
/// Polling interval of the memory of a process.
const LOOK: Duration = Duration::from_millis(2);
/// The qualities that `imaging` uses.
pub(crate) const JPEG: &str = "[Q=85,strip]";
pub(crate) const WEBP: &str = "[Q=80,effort=2,strip]";

/// Time and memory of a process for all files.
pub(crate) struct Run {
    seconds: f64,
    peak_mb: f64,
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let folder = bench.folder.join("photographs");
    fs::create_dir_all(&folder)?;
    let file = |seed: u32| -> anyhow::Result<PathBuf> {
        let path = folder.join(format!("{seed}.jpg"));
        fs::write(&path, photograph(seed)?)?;
        Ok(path)
    };
    let files = (0..FILES).map(file).collect::<anyhow::Result<Vec<_>>>()?;
    let bytes = fs::metadata(&files[0])?.len();

    let mut each = Vec::new();
    for (kind, options) in [("jpg", JPEG), ("webp", WEBP)] {
        let pairs =
            in_turn(PAIRS, || vips(&folder, 512, kind, options, &files), || ours(&folder, kind, &files))?;
        let of = |value: fn(&(Run, Run)) -> f64| Spread::new(pairs.iter().map(value).collect());
        let rate = of(|(vips, ours)| vips.seconds / ours.seconds);
        let least = if kind == "jpg" { 1.0 } else { 0.0 };
        report.figure(&format!("512² {kind}: rate / vipsthumbnail"), Target::AtLeast(least), &rate, RATIO);
        let memory = of(|(vips, ours)| ours.peak_mb / vips.peak_mb);
        report.figure(&format!("512² {kind}: memory / vipsthumbnail"), Target::AtMost(1.0), &memory, RATIO);
        each.push(format!(
            "{kind} {:.1} ms and {:.0} MB, vipsthumbnail {:.1} ms and {:.0} MB",
            of(|(_, ours)| ours.seconds).median() * 1e3 / f64::from(FILES),
            of(|(_, ours)| ours.peak_mb).median(),
            of(|(vips, _)| vips.seconds).median() * 1e3 / f64::from(FILES),
            of(|(vips, _)| vips.peak_mb).median(),
        ));
    }
    let all = (0..PAIRS).map(|_| ours(&folder, "all", &files)).collect::<anyhow::Result<Vec<_>>>()?;
    let all = Spread::new(all.iter().map(|run| run.seconds * 1e3 / f64::from(FILES)).collect());
    report.remark(format!(
        "One thread, photographs of {bytes} bytes, a square of 512 pixels: {}. The three sizes of an event in two formats: {:.1} ms ({:.1} … {:.1}) \
         for each upload; two cores make {:.0} uploads/s.",
        each.join("; "),
        all.median(),
        all.min(),
        all.max(),
        2e3 / all.median(),
    ));
    quality::measure(&folder, report)
}

/// Squares of `side` pixels in the folder `vips-` and `kind`, each named for its file.
pub(crate) fn vips(
    folder: &Path,
    side: u32,
    kind: &str,
    options: &str,
    files: &[PathBuf],
) -> anyhow::Result<Run> {
    let out = folder.join(format!("vips-{kind}"));
    fs::create_dir_all(&out)?;
    let mut command = Command::new("vipsthumbnail");
    command
        .env("VIPS_CONCURRENCY", "1")
        .args(["--size", &format!("{side}x{side}"), "--smartcrop", "centre", "-o"])
        .arg(format!("{}/%s.{kind}{options}", out.display()))
        .args(files);
    run(&mut command, "cannot start vipsthumbnail: apt-get install libvips-tools")
}

fn ours(folder: &Path, kind: &str, files: &[PathBuf]) -> anyhow::Result<Run> {
    let out = folder.join(format!("roster-{kind}"));
    fs::create_dir_all(&out)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("thumbnails").arg(kind).arg(out).args(files).stdout(Stdio::null());
    run(&mut command, "cannot start this program")
}

/// From the start of the process to its end.
fn run(command: &mut Command, what: &'static str) -> anyhow::Result<Run> {
    let start = Instant::now();
    let mut child = command.spawn().context(what)?;
    let peak = watch(&mut child);
    ensure!(child.wait()?.success(), "failed: {command:?}");
    Ok(Run { seconds: start.elapsed().as_secs_f64(), peak_mb: megabytes(peak) })
}

/// Peak memory, as of the last poll.
fn watch(child: &mut Child) -> u64 {
    let mut peak = 0;
    while let Ok(None) = child.try_wait() {
        peak = proc::peak_resident(child.id()).unwrap_or(peak);
        thread::sleep(LOOK);
    }
    peak
}

//! A sweep over a million objects.

use std::{
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::{
    Bench,
    pairs::Spread,
    proc,
    report::{MEGABYTES, Report, Target, megabytes},
};

/// Each with an image and six renditions: 1,000,006 objects.
const USERS: usize = 142_858;
const OBJECTS: f64 = 1_000_006.0;
const ROUNDS: usize = 3;
const LOOK: Duration = Duration::from_millis(2);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("sweep.db");
    storage::sqlite::fill_with_renditions(&store, USERS)?;
    let none = bench.folder.join("nothing.db");
    storage::sqlite::fill(&none, 1)?;
    let (mut grown, mut rate) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        // The same command on an almost empty store.
        let (idle, _) = sweep(bench, &none)?;
        let (peak, seconds) = sweep(bench, &store)?;
        grown.push(megabytes(peak.saturating_sub(idle)));
        rate.push(OBJECTS / seconds);
    }
    report.figure(
        "`roster sweep`, 10⁶ objects: peak memory above idle",
        Target::AtMost(64.0),
        &Spread::new(grown),
        MEGABYTES,
    );
    report.remark(format!(
        "`roster sweep` checks {:.0} objects/s of an SQLite file.",
        Spread::new(rate).median()
    ));
    Ok(())
}

/// Peak memory in bytes, and duration in seconds.
fn sweep(bench: &Bench, store: &std::path::Path) -> anyhow::Result<(u64, f64)> {
    let start = Instant::now();
    let mut child = Command::new(&bench.roster)
        .args(["sweep", "--dry-run", "--json"])
        .env("ROSTER_STORAGE", format!("sqlite:{}", store.display()))
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        peak = proc::peak_resident(child.id()).unwrap_or(peak);
        thread::sleep(LOOK);
    }
    ensure!(child.wait()?.success(), "the sweep of a healthy store failed");
    Ok((peak, start.elapsed().as_secs_f64()))
}

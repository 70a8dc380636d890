//! How many pictures a second become squares of 512 pixels, on one thread, and in how much memory: to be held against
//! vipsthumbnail with the same files in one process.
//!
//! `cargo run --release -p roster-imaging --example thumbnails -- jpg FOLDER FILES`; or `webp`, or `all` renditions.

#![allow(clippy::print_stdout, reason = "says what it measured")]

use std::{fs, path::Path, time::Instant};

use domain::{Image, ImageFormat};
use imaging::{Inspected, Size};

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [kind, folder, files @ ..] = arguments.as_slice() else {
        return Err("usage: thumbnails jpg|webp|all FOLDER FILES".into());
    };
    let start = Instant::now();
    for (index, file) in files.iter().enumerate() {
        let inspected = imaging::inspect(fs::read(file)?.into())?;
        for (number, image) in made(inspected, kind)?.into_iter().enumerate() {
            let name = format!("{index}-{number}.{}", image.format.extension());
            fs::write(Path::new(folder).join(name), &image.bytes)?;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no peak");
    println!(
        "{} in {seconds:.2} s, {:.2} ms each, {peak}",
        files.len(),
        seconds * 1e3 / f64::from(u32::try_from(files.len())?)
    );
    Ok(())
}

fn made(inspected: Inspected, kind: &str) -> Outcome<Vec<Image>> {
    Ok(match ImageFormat::from_extension(kind) {
        Some(format) => vec![inspected.square(Size::MAX)?.encode(format)],
        None => inspected.render()?.into_iter().map(|made| made.image).collect(),
    })
}

//! Roster's side of the comparison with vipsthumbnail: pictures become squares of 512 pixels, or the
//! renditions of an event, on one thread.

use std::{fs, path::Path, time::Instant};

use anyhow::Context as _;
use imaging::{Inspected, Rendition, Size};

/// Makes renditions of each file in `folder`, of the `kind` `jpg`, `webp` or `all`; prints the time in
/// seconds.
pub(crate) fn make(kind: &str, folder: &Path, files: &[&str]) -> anyhow::Result<()> {
    let start = Instant::now();
    for (index, file) in files.iter().enumerate() {
        let inspected = imaging::inspect(fs::read(file)?.into())?;
        for (number, made) in renditions(inspected, kind)?.into_iter().enumerate() {
            let name = format!("{index}-{number}.{}", made.image.format.extension());
            fs::write(folder.join(name), &made.image.bytes)?;
        }
    }
    println!("{}", start.elapsed().as_secs_f64());
    Ok(())
}

fn renditions(inspected: Inspected, kind: &str) -> anyhow::Result<Vec<Rendition>> {
    if kind == "all" {
        return Ok(inspected.render()?);
    }
    let format = domain::ImageFormat::from_extension(kind).context("KIND must be jpg, webp or all")?;
    Ok(vec![Rendition { size: Size::MAX, image: inspected.square(Size::MAX)?.encode(format) }])
}

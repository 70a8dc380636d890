//! The disk that holds the files of a run.

use std::{fs::File, io::Write as _, path::Path, time::Instant};

use crate::pairs::Spread;

const SYNCS: usize = 100;
/// What the smallest commit appends.
const PAGE: [u8; 4096] = [7; 4096];

/// Time to append `bytes` to a file and `fdatasync` it, in ms.
pub(crate) fn sync_ms(folder: &Path, bytes: &[u8]) -> anyhow::Result<Spread> {
    let mut file = File::create(folder.join("synced"))?;
    let sync = |_| {
        let started = Instant::now();
        file.write_all(bytes)?;
        file.sync_data()?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    };
    Ok(Spread::new((0..SYNCS).map(sync).collect::<anyhow::Result<_>>()?))
}

/// The cost of one `fdatasync` in words: what bounds durable writes.
pub(crate) fn remark(folder: &Path) -> anyhow::Result<String> {
    let took = sync_ms(folder, &PAGE)?;
    Ok(format!(
        "This disk: 4 kB appended and `fdatasync` take {:.2} ms ({:.2} … {:.2}).",
        took.median(),
        took.min(),
        took.max()
    ))
}

/// Bytes that can be written.
pub(crate) fn free_bytes(folder: &Path) -> anyhow::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail * disk.f_frsize)
}

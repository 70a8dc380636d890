//! Time from the response to an upload until its last rendition is stored.

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use rusqlite::{Connection, OpenFlags};

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    photograph::photograph,
    report::{MILLISECONDS, Report, Target},
    server::Server,
};

const UPLOADS: u32 = 40;
/// Three sizes in two formats.
const RENDITIONS: i64 = 6;
/// Polling interval of the file.
const LOOK: Duration = Duration::from_micros(500);
/// Before each upload: after less, it counts as one of many, and its event gets a tenth of the cores.
const PAUSE: Duration = Duration::from_millis(200);
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("events.db");
    let roster = Server::roster(bench, &store, &[])?;
    let mut client = Client::connect(roster.address())?;
    let file = Connection::open_with_flags(&store, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut stored = file.prepare("SELECT count(*) FROM renditions")?;
    let image = photograph(1)?;
    let mut took_ms = Vec::new();
    for upload in 1..=UPLOADS {
        thread::sleep(PAUSE);
        client.create(&format!("user{upload}@example.org"), &image)?;
        let answered = Instant::now();
        while stored.query_row([], |row| row.get::<_, i64>(0))? < RENDITIONS * i64::from(upload) {
            ensure!(answered.elapsed() < TIMEOUT, "timed out waiting for the renditions of upload {upload}");
            thread::sleep(LOOK);
        }
        took_ms.push(answered.elapsed().as_secs_f64() * 1e3);
    }
    let took = Spread::new(took_ms);
    report.figure("upload of 0.8 MB answered to last rendition", Target::AtMost(60.0), &took, MILLISECONDS);
    report.remark(format!(
        "Renditions of {UPLOADS} uploads of {} bytes, each by itself: all six are stored {:.1} ms after \
         the response, p99 {:.1} ms.",
        image.len(),
        took.median(),
        took.percentile(99),
    ));
    Ok(())
}

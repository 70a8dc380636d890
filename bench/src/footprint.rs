//! Memory at rest, time to start, size of the binary.

use std::time::Instant;

use anyhow::ensure;

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    proc,
    report::{MEGABYTES, MILLISECONDS, Report, Target, megabytes},
    server::Server,
};

const USERS: usize = 10_000;
const STARTS: usize = 20;
const REQUESTS: usize = 1000;

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("footprint.db");
    storage::sqlite::fill(&store, USERS)?;
    let (mut ready, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let started = Instant::now();
        let roster = Server::roster(bench, &store, &[])?;
        // It has printed its address by now, so one request is enough.
        ensure!(Client::connect(roster.address())?.get("/readyz")?.status == 200, "not ready");
        ready.push(started.elapsed().as_secs_f64() * 1000.0);
        idle.push(megabytes(proc::resident(roster.pid())?));
    }
    report.figure("start to ready", Target::AtMost(100.0), &Spread::new(ready), MILLISECONDS);
    report.figure("memory after the start", Target::AtMost(20.0), &Spread::new(idle), MEGABYTES);

    let roster = Server::roster(bench, &store, &[])?;
    let mut client = Client::connect(roster.address())?;
    for _ in 0..REQUESTS {
        ensure!(client.get("/users?limit=100")?.status == 200, "no page of users");
    }
    let after = Spread::new(vec![megabytes(proc::resident(roster.pid())?)]);
    report.figure("memory after 1000 requests", Target::AtMost(20.0), &after, MEGABYTES);
    let size = Spread::new(vec![megabytes(bench.roster.metadata()?.len())]);
    report.figure("size of the binary", Target::AtMost(22.0), &size, MEGABYTES);
    Ok(())
}

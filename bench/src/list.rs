//! `GET /users?limit=100` against a bare route that serves the same bytes from memory.

use std::path::Path;

use crate::{
    Bench,
    client::Client,
    report::{RATIO, Report, Target},
    server::Server,
    wrk::{self, duel, load, load_alone},
};

const USERS: usize = 10_000;
const PATH: &str = "/users?limit=100";
pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("list.db");
    storage::sqlite::fill(&store, USERS)?;
    let roster = Server::roster(bench, &store, &[])?;
    let answer = Client::connect(roster.address())?.get(PATH)?;
    let file = bench.folder.join("list.json");
    std::fs::write(&file, &answer.body)?;
    let bare = Server::bare(&file, "application/json")?;

    let duel = duel((&bare, "/"), (&roster, PATH))?;
    report.figure("`GET /users?limit=100` / bare route", Target::AtLeast(0.5), &duel.ratio(), RATIO);
    report.remark(duel.remark("`GET /users?limit=100`", "the bare route"));
    report.remark(format!(
        "A response has {} bytes, the store {USERS} users; wrk has {} threads and {} connections.",
        answer.body.len(),
        wrk::THREADS,
        wrk::CONNECTIONS,
    ));
    drop((bare, roster));
    parts(bench, &store, report)
}

/// Breakdown of the CPU time of a request, by requests that do more and more of the work.
fn parts(bench: &Bench, store: &Path, report: &mut Report) -> anyhow::Result<()> {
    let quiet = Server::roster(bench, store, &[("RUST_LOG", "off")])?;
    let edge_us = load(&quiet, "/healthz")?.server_us();
    drop(quiet);
    // Probes are logged at `debug`.
    let roster = Server::roster(bench, store, &[("RUST_LOG", "info,web::event=debug")])?;
    let logged_us = load(&roster, "/healthz")?.server_us();
    let kept_us = load(&roster, PATH)?.server_us();
    drop(roster);
    // With a rule for any of its reads, nothing is kept.
    let unkept = [("RUST_LOG", "info,web::event=debug"), ("ROSTER_FAULTS", "users.find=unavailable")];
    let roster = Server::roster(bench, store, &unkept)?;
    let alone = |path| anyhow::Ok(load_alone(&roster, path)?.server_us());
    let (none_us, one_us, all_us) = (alone("/healthz")?, alone("/users?limit=1")?, alone(PATH)?);
    report.remark(format!(
        "Of these {kept_us:.0} µs: {edge_us:.0} µs HTTP, router and edge (`/healthz` without a log); {:.0} µs the line \
         in the log (`/healthz` with it); {:.0} µs finding the kept page and sending it. The first read of a page after \
         a write, by one client, takes {all_us:.0} µs: {none_us:.0} µs a request without it (`/healthz`); {:.0} µs the query, \
         the store's thread, one user and its digest (`limit=1`); {:.0} µs reading, encoding, hashing and sending 99 \
         more.",
        logged_us - edge_us,
        kept_us - logged_us,
        one_us - none_us,
        all_us - one_us,
    ));
    Ok(())
}

//! An image of 20 kB against nginx, which serves the same file with the same headers; both write a log.

use anyhow::{Context as _, ensure};

use crate::{
    Bench,
    client::{Answer, Client},
    nginx,
    report::{RATIO, Report, Target},
    server::Server,
    wrk::duel,
};

const IMAGE: &[u8] = include_bytes!("../../samples/small.jpg");
/// Headers that differ by their nature, or name the program.
const OWN_HEADERS: [&str; 4] = ["date", "server", "connection", "x-request-id"];

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("avatar.db"), &[])?;
    let mut client = Client::connect(roster.address())?;
    let path = client.create("ada@example.org", IMAGE)?;
    let answer = client.get(&path)?;
    let etag = answer.header("etag").context("the response has no ETag")?;
    let nginx = nginx::start(&bench.folder.join("nginx"), &path, &answer.body, etag, nginx::KEPT)?;
    let same = Client::connect(nginx.address())?.get(&path)?;
    ensure!(same.body == answer.body && headers(&same) == headers(&answer), "{}{}", same.head, answer.head);

    let duel = duel((&nginx, &path), (&roster, &path))?;
    report.figure("`GET /avatars/…` of 20 kB / nginx", Target::AtLeast(0.4), &duel.ratio(), RATIO);
    report.remark(duel.remark("`GET /avatars/…`", "nginx"));
    Ok(())
}

pub(crate) fn headers(answer: &Answer) -> Vec<(String, &str)> {
    let headers = answer.headers().map(|(name, value)| (name.to_ascii_lowercase(), value));
    let mut headers: Vec<_> = headers.filter(|(name, _)| !OWN_HEADERS.contains(&name.as_str())).collect();
    headers.sort_unstable();
    headers
}

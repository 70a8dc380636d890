//! `GET /avatar/{hash}` of a cached picture against nginx, which serves the same file with the same headers;
//! both write a log.

use anyhow::{Context as _, ensure};

use crate::{
    Bench,
    avatar::headers,
    client::Client,
    create::PORTRAIT,
    nginx,
    report::{RATIO, Report, Target},
    server::Server,
    wrk::duel,
};

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("libravatar.db"), &[])?;
    let mut client = Client::connect(roster.address())?;
    let kept = client.create("ada@example.org", PORTRAIT)?;
    let id = kept.split('/').nth(2).context("the path has no user")?;
    let path = format!("/avatar/{id}?s=80");
    // The first request makes the rendition.
    ensure!(client.get(&path)?.status == 200, "cannot read the picture");
    let answer = client.get(&path)?;
    let etag = answer.header("etag").context("the response has no ETag")?;
    let file = path.split('?').next().context("the path is empty")?;
    let nginx =
        nginx::start(&bench.folder.join("nginx-libravatar"), file, &answer.body, etag, nginx::LIBRAVATAR)?;
    let same = Client::connect(nginx.address())?.get(&path)?;
    ensure!(same.body == answer.body && headers(&same) == headers(&answer), "{}{}", same.head, answer.head);

    let duel = duel((&nginx, &path), (&roster, &path))?;
    report.figure("`GET /avatar/…?s=80` hot / nginx", Target::AtLeast(0.8), &duel.ratio(), RATIO);
    report.remark(duel.remark("`GET /avatar/…?s=80`", "nginx"));
    Ok(())
}

//! Uploads under load of anonymous pictures and events.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};

use crate::{
    Bench,
    client::Client,
    create::PORTRAIT,
    pairs::Spread,
    photograph::photograph,
    report::{A_SECOND, RATIO, Report, Target, Unit},
    server::Server,
};

/// Connections that request pictures without a token.
const ANONYMOUS: usize = 120;
const UPLOADERS: usize = 6;
const UPLOADS: usize = 60;
const EVENTS: u32 = 8;
const ROUNDS: usize = 5;
const STEADY: Duration = Duration::from_mins(10);
const DONE: &str = "roster_event_duration_seconds_count{outcome=\"done\"}";
const TIMEOUT: Duration = Duration::from_mins(5);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("overload.db"), &[])?;
    let (pictures, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let (mut idle, mut loaded, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let idle_round = upload_all(roster.address(), &format!("idle{round}-"))?;
        until_none_waits(&roster)?;
        let loaded_round = upload_under_load(&roster, round, &pictures, &refused)?;
        let p99 = |took: &[f64]| Spread::new(took.to_vec()).percentile(99);
        ratios.push(p99(&loaded_round) / p99(&idle_round));
        idle.extend(idle_round);
        loaded.extend(loaded_round);
    }
    let dead = metric(&roster, "roster_dead_letters")?;
    ensure!(dead == 0, "{dead} dead letters");
    let (idle, loaded) = (Spread::new(idle), Spread::new(loaded));
    let name = format!("p99 of an upload with {ANONYMOUS} connections for generated pictures / idle");
    report.figure(&name, Target::AtMost(5.0), &Spread::new(ratios), RATIO);
    report.remark(format!(
        "{ROUNDS} rounds of {UPLOADS} uploads by {UPLOADERS} clients: p99 of all {:.1} ms idle, {:.1} ms during {} \
         pictures ({} more refused) and {} events; no upload was refused, and there are no dead letters.",
        idle.percentile(99),
        loaded.percentile(99),
        pictures.into_inner(),
        refused.into_inner(),
        ROUNDS * (UPLOADS + EVENTS as usize),
    ));
    Ok(())
}

/// Uploads while pictures are requested and events are processed, until these are done.
fn upload_under_load(
    roster: &Server,
    round: usize,
    pictures: &AtomicU64,
    refused: &AtomicU64,
) -> anyhow::Result<Vec<f64>> {
    let mut client = Client::connect(roster.address())?;
    for event in 0..EVENTS {
        client.create(&format!("event{round}-{event}@example.org"), &photograph(event)?)?;
    }
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for number in 0..ANONYMOUS {
            let (over, address) = (&over, roster.address());
            scope.spawn(move || request_pictures(address, round, number, over, pictures, refused));
        }
        let loaded = upload_all(roster.address(), &format!("loaded{round}-"));
        let done = until_none_waits(roster);
        over.store(true, Ordering::Relaxed);
        done.and(loaded)
    })
}

/// Ten minutes of one client's uploads: events are processed in each minute.
pub(crate) fn measure_steady(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("steady.db"), &[])?;
    let started = Instant::now();
    let (mut done, mut rates, mut uploaded) = (0, Vec::new(), 0);
    let mut client = Client::connect(roster.address())?;
    while started.elapsed() < STEADY {
        let minute = Instant::now();
        while minute.elapsed() < Duration::from_mins(1) {
            client.create(&format!("user{uploaded}@example.org"), PORTRAIT)?;
            uploaded += 1;
        }
        let now = metric(&roster, DONE)?;
        rates.push(f64::from(u32::try_from(now - done)?) / 60.0);
        done = now;
    }
    ensure!(metric(&roster, "roster_dead_letters")? == 0, "there are dead letters");
    let rates = Spread::new(rates);
    // A minute without events is not made up for by the others.
    report.figure(
        "events in the minute that has the fewest, during one client's uploads",
        Target::AtLeast(1.0),
        &Spread::new(vec![rates.min()]),
        Unit { digits: 1, ..A_SECOND },
    );
    report.remark(format!(
        "Ten minutes: {uploaded} uploads, {done} events; from {:.1} to {:.1}/s by the minute, median {:.1}.",
        rates.min(),
        rates.max(),
        rates.median()
    ));
    Ok(())
}

/// Duration of each upload, in ms; fails where one is refused.
fn upload_all(address: SocketAddr, name: &str) -> anyhow::Result<Vec<f64>> {
    let took: anyhow::Result<Vec<Vec<f64>>> = thread::scope(|scope| {
        let uploaders: Vec<_> = (0..UPLOADERS)
            .map(|uploader| {
                scope.spawn(move || {
                    let mut client = Client::connect(address)?;
                    (0..UPLOADS / UPLOADERS)
                        .map(|upload| {
                            let sent = Instant::now();
                            client.create(&format!("{name}{uploader}-{upload}@example.org"), PORTRAIT)?;
                            Ok(sent.elapsed().as_secs_f64() * 1e3)
                        })
                        .collect()
                })
            })
            .collect();
        uploaders.into_iter().map(|uploader| uploader.join().expect("an uploader does not panic")).collect()
    });
    Ok(took?.into_iter().flatten().collect())
}

/// Requests pictures that were never requested before, one after the other.
fn request_pictures(
    address: SocketAddr,
    round: usize,
    number: usize,
    over: &AtomicBool,
    drawn: &AtomicU64,
    refused: &AtomicU64,
) {
    let mut count = 0;
    while !over.load(Ordering::Relaxed) {
        let Ok(mut client) = Client::connect(address) else { continue };
        while !over.load(Ordering::Relaxed) {
            count += 1;
            let Ok(answer) =
                client.get(&format!("/avatar/{round:04x}{number:028x}{count:032x}?d=identicon&s=512"))
            else {
                break;
            };
            let counter = if answer.status == 200 { drawn } else { refused };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub(crate) fn until_none_waits(roster: &Server) -> anyhow::Result<()> {
    let began = Instant::now();
    while metric(roster, "roster_events_waiting")? + metric(roster, "roster_events_in_progress")? > 0 {
        ensure!(began.elapsed() < TIMEOUT, "timed out waiting for events to be processed");
        thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// A metric of Roster; 0 while it does not exist.
fn metric(roster: &Server, name: &str) -> anyhow::Result<u64> {
    let answer = Client::connect(roster.management()?)?.get("/metrics")?;
    let text = String::from_utf8(answer.body)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map_or(Ok(0), |value| value.parse().context("the metric is not an integer"))
}

//! Uploads with the worker and without, and how long the events of a burst take.

use std::{thread, time::Instant};

use crate::{
    Bench,
    client::Client,
    create::{Uploads, uploads},
    overload::until_none_waits,
    pairs::{Spread, in_turn},
    report::{RATIO, Report, Target, Unit},
    server::Server,
};

const PAIRS: usize = 5;
const BURST: usize = 2_000;
const BURST_CLIENTS: usize = 16;
const SECONDS: Unit = Unit { name: "s", digits: 1 };

pub(crate) fn measure(bench: &Bench, image: &[u8], report: &mut Report) -> anyhow::Result<()> {
    let without = Server::roster_with(bench, &bench.folder.join("no-worker.db"), &["--no-worker"], &[])?;
    let with = Server::roster(bench, &bench.folder.join("worker.db"), &[])?;
    for clients in [16, 1] {
        let pairs = in_turn(
            PAIRS,
            || uploads(&without, image, clients),
            || {
                let uploads = uploads(&with, image, clients)?;
                // So that it does not work during the runs of the other server.
                until_none_waits(&with)?;
                Ok(uploads)
            },
        )?;
        let of = |value: fn(&(Uploads, Uploads)) -> f64| Spread::new(pairs.iter().map(value).collect());
        let ratio = of(|(without, with)| with.mean_ms() / without.mean_ms());
        let name = format!("mean latency of `POST /user`, {clients} clients: with the worker / without");
        report.figure(&name, Target::AtMost(1.2), &ratio, RATIO);
        report.remark(format!(
            "{name}: {:.1} ms and {:.1} ms.",
            of(|(_, with)| with.mean_ms()).median(),
            of(|(without, _)| without.mean_ms()).median(),
        ));
    }
    drop((without, with));
    drain(bench, image, report)
}

/// A burst of uploads, and how long its events take after that.
fn drain(bench: &Bench, image: &[u8], report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("burst.db"), &[])?;
    let address = roster.address();
    let upload_some = move |of: usize| -> anyhow::Result<()> {
        let mut client = Client::connect(address)?;
        for upload in 0..BURST / BURST_CLIENTS {
            client.create(&format!("burst{of}-{upload}@example.org"), image)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..BURST_CLIENTS).map(|of| scope.spawn(move || upload_some(of))).collect();
        clients.into_iter().try_for_each(|client| client.join().expect("a client does not panic"))
    })?;
    let began = Instant::now();
    until_none_waits(&roster)?;
    let seconds = Spread::new(vec![began.elapsed().as_secs_f64()]);
    report.figure(
        "events of a burst of 2,000 uploads: all processed after",
        Target::AtMost(60.0),
        &seconds,
        SECONDS,
    );
    Ok(())
}

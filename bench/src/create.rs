//! `POST /user`: durable uploads by one client and by 16.

use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use bytes::Bytes;

use crate::{
    Bench,
    client::Client,
    disk,
    pairs::{Spread, in_turn},
    proc::{Meter, Use},
    report::{RATIO, Report, Target},
    server::Server,
};

pub(crate) const PORTRAIT: &[u8] = include_bytes!("../../samples/portrait.jpg");
/// A white pixel: nothing to decode, little to write.
pub(crate) const PIXEL: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
    \0\0\0\nIDATx\xdac\xf8\x0f\0\x01\x01\x01\0\x1c\xb0\x8c\x99\0\0\0\0IEND\xaeB`\x82";
const CLIENTS: usize = 16;
const PAIRS: usize = 5;
const TIME: Duration = Duration::from_secs(3);
/// How many times decoding is timed by itself.
const STEPS: usize = 100;

/// Uploads by some clients.
pub(crate) struct Uploads {
    pub(crate) a_second: f64,
    pub(crate) took_ms: Vec<f64>,
    cpu: Use,
}

impl Uploads {
    pub(crate) fn seconds(&self) -> f64 {
        self.cpu.elapsed.as_secs_f64()
    }

    pub(crate) fn mean_ms(&self) -> f64 {
        let count = u32::try_from(self.took_ms.len()).expect("the uploads of seconds");
        self.took_ms.iter().sum::<f64>() / f64::from(count)
    }
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("create.db"), &[])?;
    let (one, many) = compare(&roster, PORTRAIT, Target::AtLeast(1.6), "`POST /user` of 100 kB", report)?;
    let decoding = Spread::new(decodings()?).median();
    let syncing = disk::sync_ms(&bench.folder, PORTRAIT)?.median();
    report.remark(format!(
        "`POST /user` of {} bytes, one client, {one:.1} ms: {decoding:.1} ms checking and decoding (the same file by \
         `imaging` in this process), {syncing:.1} ms the disk (appending the same number of bytes and \
         `fdatasync`, in this process), {:.1} ms the rest. With {CLIENTS} clients {:.1} ms of the two cores for \
         each.",
        PORTRAIT.len(),
        one - decoding - syncing,
        many,
    ));
    Ok(())
}

pub(crate) fn measure_slow_disk(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let slow = [("ROSTER_FAULTS", "sqlite.commit=slow:5ms")];
    let roster = Server::roster(bench, &bench.folder.join("slow-disk.db"), &slow)?;
    let name = "`POST /user` of a pixel, 5 ms more for a commit";
    compare(&roster, PIXEL, Target::AtLeast(4.0), name, report)?;
    Ok(())
}

/// One client and many in turn; returns the median time of one, and the server's CPU time for one upload of
/// many, in ms.
fn compare(
    roster: &Server,
    image: &[u8],
    target: Target,
    name: &str,
    report: &mut Report,
) -> anyhow::Result<(f64, f64)> {
    let pairs = in_turn(PAIRS, || uploads(roster, image, 1), || uploads(roster, image, CLIENTS))?;
    let ratios = pairs.iter().map(|(one, many)| many.a_second / one.a_second).collect();
    report.figure(&format!("{name}: {CLIENTS} clients / 1"), target, &Spread::new(ratios), RATIO);
    let (one, many): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let mut figures = |clients: usize, rounds: Vec<Uploads>| {
        let of = |value: fn(&Uploads) -> f64| Spread::new(rounds.iter().map(value).collect());
        let rate = of(|round| round.a_second);
        let took = Spread::new(rounds.iter().flat_map(|round| round.took_ms.iter().copied()).collect());
        report.remark(format!(
            "{name}, {clients} clients: {:.0}/s ({:.0} … {:.0}), p50 {:.1} ms, p99 {:.1} ms; the server keeps {:.2} cores \
             busy, the clients {:.2}, other programs {:.2}.",
            rate.median(),
            rate.min(),
            rate.max(),
            took.median(),
            took.percentile(99),
            of(|round| round.cpu.server_cores).median(),
            of(|round| round.cpu.client_cores).median(),
            of(|round| round.cpu.other_cores).median(),
        ));
        (took.median(), of(|round| round.cpu.server_cores * 1000.0 / round.a_second).median())
    };
    let (one_ms, _) = figures(1, one);
    let (_, many_cpu_ms) = figures(CLIENTS, many);
    Ok((one_ms, many_cpu_ms))
}

pub(crate) fn uploads(roster: &Server, image: &[u8], clients: usize) -> anyhow::Result<Uploads> {
    uploads_with(roster, clients, |client, email| client.create(email, image).map(drop))
}

/// The same form, to a peer.
pub(crate) fn uploads_to(peer: &Server, path: &str, image: &[u8], clients: usize) -> anyhow::Result<Uploads> {
    uploads_with(peer, clients, |client, email| {
        let answer = client.post_form(path, email, image)?;
        ensure!(answer.status == 200, "{} {}", answer.status, String::from_utf8_lossy(&answer.body));
        Ok(())
    })
}

fn uploads_with(
    server: &Server,
    clients: usize,
    upload: impl Fn(&mut Client, &str) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Uploads> {
    let meter = Meter::start(server.pid())?;
    let started = Instant::now();
    let (address, upload) = (server.address(), &upload);
    let took: anyhow::Result<Vec<Vec<f64>>> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..clients).map(|_| scope.spawn(move || upload_for(address, upload, started))).collect();
        clients.into_iter().map(|client| client.join().expect("a client does not panic")).collect()
    });
    let took_ms: Vec<f64> = took?.into_iter().flatten().collect();
    let cpu = meter.stop()?;
    Ok(Uploads {
        a_second: f64::from(u32::try_from(took_ms.len())?) / cpu.elapsed.as_secs_f64(),
        took_ms,
        cpu,
    })
}

fn upload_for(
    address: SocketAddr,
    upload: &impl Fn(&mut Client, &str) -> anyhow::Result<()>,
    started: Instant,
) -> anyhow::Result<Vec<f64>> {
    static EMAILS: AtomicU32 = AtomicU32::new(0);
    let mut client = Client::connect(address)?;
    let mut took = Vec::new();
    while started.elapsed() < TIME {
        let email = format!("user{}@example.org", EMAILS.fetch_add(1, Ordering::Relaxed));
        let sent = Instant::now();
        upload(&mut client, &email)?;
        took.push(ms(sent.elapsed()));
    }
    Ok(took)
}

/// Time to check and decode the image, in ms.
fn decodings() -> anyhow::Result<Vec<f64>> {
    let bytes = Bytes::from_static(PORTRAIT);
    (0..STEPS)
        .map(|_| {
            let started = Instant::now();
            imaging::inspect(bytes.clone())?.clean()?;
            Ok(ms(started.elapsed()))
        })
        .collect()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

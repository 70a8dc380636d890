//! Peak memory: everything that takes memory at once, and new clients meanwhile.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use jpeg_encoder::{ColorType, Encoder};

use crate::{
    Bench,
    client::{Client, FORM, form},
    pairs::Spread,
    photograph::photograph,
    proc,
    report::{MEGABYTES, MILLISECONDS, Report, Target, megabytes},
    server::Server,
};

/// The chart's limit.
const LIMIT_MB: f64 = 335.5;
const CONNECTIONS: usize = 10_000;
/// Uploads that stall, each after this number of bytes.
const STALLED: usize = 44;
const STALLED_BYTES: usize = 2_500_000;
/// Images of 31 megapixels.
const LARGE: usize = 6;
/// How long they may be refused for lack of memory before they are accepted.
const ACCEPT_TIMEOUT: Duration = Duration::from_mins(1);
const RECOVERY_TIMEOUT: Duration = Duration::from_secs(90);

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let roster = Server::roster(bench, &bench.folder.join("limit.db"), &[])?;
    let (address, pid) = (roster.address(), roster.pid());
    let before = fill_cache(&roster)?;
    proc::forget_peak(pid)?;
    let over = AtomicBool::new(false);
    let ((peaks, beside), waits) = thread::scope(|scope| {
        let asking = scope.spawn(|| request_as_new_clients(address, &over));
        let peaks = all_at_once(&roster);
        over.store(true, Ordering::Relaxed);
        anyhow::Ok((peaks?, asking.join().expect("a client does not panic")?))
    })?;
    let began = Instant::now();
    while proc::resident(pid)? > before + before / 4 && began.elapsed() < RECOVERY_TIMEOUT {
        thread::sleep(Duration::from_millis(200));
    }
    let after = proc::resident(pid)?;
    ensure!(after <= before + before / 4, "{:.0} MB stay of {:.0}", megabytes(after), megabytes(before));
    let peak = Spread::new(vec![megabytes(proc::peak_resident(pid)?)]);
    report.figure("memory at the limit", Target::AtMost(LIMIT_MB), &peak, MEGABYTES);
    let waits = Spread::new(waits);
    let longest = Spread::new(vec![waits.max()]);
    report.figure(
        "a new client meanwhile: the longest time to wait",
        Target::AtMost(1000.0),
        &longest,
        MILLISECONDS,
    );
    report.remark(format!(
        "Memory: {:.0} MB with a full cache; peak {:.0} MB with {LARGE} images of 31 megapixels, all accepted, {beside} of \
         them while there were {STALLED} stalled uploads; {:.0} MB with {CONNECTIONS} idle connections as well, {:.0} MB with {CONNECTIONS} half-sent uploads; {:.0} MB {:.0} s after all have gone. {} new \
         clients meanwhile, median {:.1} ms.",
        megabytes(before),
        megabytes(peaks[0]),
        megabytes(peaks[1]),
        megabytes(peaks[2]),
        megabytes(after),
        began.elapsed().as_secs_f64(),
        waits.len(),
        waits.median(),
    ));
    Ok(())
}

/// Requests one photograph in every size as PNG; returns the memory use after that.
fn fill_cache(roster: &Server) -> anyhow::Result<u64> {
    let mut client = Client::connect(roster.address())?;
    let path = client.create("full@example.org", &photograph(1)?)?;
    let id = path.split('/').nth(2).context("the path has no user")?.to_owned();
    for size in 1..=512 {
        let answer = client.get(&format!("/avatar/{id}.png?s={size}"))?;
        ensure!(answer.status == 200, "status {} for size {size}", answer.status);
    }
    proc::resident(roster.pid())
}

/// Peak memory after each addition, and how many of the large images were accepted beside the stalled uploads.
fn all_at_once(roster: &Server) -> anyhow::Result<([u64; 3], usize)> {
    let (address, pid) = (roster.address(), roster.pid());
    let mut held = Vec::new();
    let image = large_image()?;
    let beside = thread::scope(|scope| {
        let (sent, is_sent) = mpsc::channel();
        let uploads: Vec<_> = (0..LARGE)
            .map(|number| {
                let (image, sent) = (&image, sent.clone());
                scope.spawn(move || upload_large(address, number, image, &sent))
            })
            .collect();
        drop(sent);
        // The stalled uploads would take the memory that the large images need to be accepted at all.
        is_sent.iter().take(LARGE).for_each(drop);
        for number in 0..STALLED {
            held.push(half_sent(address, &format!("stalled{number}@example.org"), STALLED_BYTES)?);
        }
        let stalled_at = Instant::now();
        let uploads = uploads.into_iter().map(|upload| upload.join().expect("an upload does not panic"));
        let accepted_at = uploads.collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::Ok(accepted_at.into_iter().filter(|at| *at > stalled_at).count())
    })?;
    let large = proc::peak_resident(pid)?;
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address)?;
        let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        held.push(stream);
    }
    let idle = proc::peak_resident(pid)?;
    // Roster has closed these: they only use up this process's file descriptors.
    held.drain(STALLED..STALLED + CONNECTIONS / 2);
    for number in 0..CONNECTIONS {
        held.push(half_sent(address, &format!("half{number}@example.org"), 20_000)?);
    }
    Ok(([large, idle, proc::peak_resident(pid)?], beside))
}

/// Uploads an image, again while it is refused; returns when it was accepted.
fn upload_large(
    address: SocketAddr,
    number: usize,
    image: &[u8],
    sent: &mpsc::Sender<()>,
) -> anyhow::Result<Instant> {
    let began = Instant::now();
    loop {
        let mut client = Client::connect(address)?;
        client.begin(&format!("large{number}@example.org"), image)?;
        // No one listens any more to a repeated upload.
        let _ = sent.send(());
        let status = client.answer()?.status;
        if status == 201 {
            return Ok(Instant::now());
        }
        ensure!(status == 503, "status {status} for an image of 31 megapixels");
        ensure!(began.elapsed() < ACCEPT_TIMEOUT, "an image of 31 megapixels is refused for too long");
        thread::sleep(Duration::from_millis(50));
    }
}

/// An upload whose last part is missing.
fn half_sent(address: SocketAddr, email: &str, bytes: usize) -> anyhow::Result<TcpStream> {
    let body = form(email, &vec![0; bytes]);
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(Duration::from_secs(1)))?;
    let length = body.len() + bytes / 5;
    let head = format!(
        "POST /user HTTP/1.1\r\nHost: localhost\r\nContent-Type: {FORM}\r\nContent-Length: {length}\r\n\r\n"
    );
    // It may be refused, or closed, before all is sent.
    let _ = stream.write_all(&[head.as_bytes(), &body[..body.len() - 100]].concat());
    Ok(stream)
}

fn large_image() -> anyhow::Result<Vec<u8>> {
    let (width, height) = (7_900_u16, 3_950_u16);
    let count = usize::from(width) * usize::from(height);
    let pixels: Vec<u8> = (0..=250).cycle().take(count).flat_map(|grey| [grey; 3]).collect();
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 60);
    encoder.set_progressive(true);
    encoder.encode(&pixels, width, height, ColorType::Rgb)?;
    Ok(out)
}

/// How long each new client waits for its response, in ms.
fn request_as_new_clients(address: SocketAddr, over: &AtomicBool) -> anyhow::Result<Vec<f64>> {
    let mut waits = Vec::new();
    while !over.load(Ordering::Relaxed) {
        let began = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        waits.push(began.elapsed().as_secs_f64() * 1e3);
        thread::sleep(Duration::from_millis(20));
    }
    Ok(waits)
}

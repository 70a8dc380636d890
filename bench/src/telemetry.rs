//! The cost of telemetry: a page of users with it and without it.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    report::{RATIO, Report, Target},
    server::Server,
    wrk::duel,
};

const USERS: usize = 10_000;
const PATH: &str = "/users?limit=100";
/// Far more frequent than any scraper.
const SCRAPE_EVERY: Duration = Duration::from_secs(1);

const NO_METRICS: (&str, &str) = ("OTEL_SDK_DISABLED", "true");
const NO_LOG: (&str, &str) = ("RUST_LOG", "off");

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("telemetry.db");
    storage::sqlite::fill(&store, USERS)?;
    let mut compare = |name: &str, on: &[(&str, &str)], off: &[(&str, &str)]| -> anyhow::Result<Spread> {
        // Two writers cannot share a file: each side has its own.
        let (on_store, off_store) = (bench.folder.join("on.db"), bench.folder.join("off.db"));
        std::fs::copy(&store, &on_store)?;
        std::fs::copy(&store, &off_store)?;
        let (on, off) = (Server::roster(bench, &on_store, on)?, Server::roster(bench, &off_store, off)?);
        let scraper = Scraper::start(on.management()?);
        let duel = duel((&off, PATH), (&on, PATH))?;
        drop(scraper);
        report.remark(duel.remark(name, "without"));
        Ok(duel.ratio())
    };
    let collector = collector()?;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.as_str());
    let figures = [
        ("with metrics, scraped each second / without", compare("metrics", &[], &[NO_METRICS])?),
        ("with metrics and log / without", compare("metrics and log", &[], &[NO_METRICS, NO_LOG])?),
    ];
    // No target: the exporter drops spans when its queue is full, and services with this many requests sample
    // them.
    let traced = compare("with a span of every request and call", &[endpoint], &[])?;
    for (name, ratio) in figures {
        report.figure(&format!("`GET {PATH}`: {name}"), Target::AtLeast(0.95), &ratio, RATIO);
    }
    report.remark(format!(
        "With a span of every request and call, {:.2} of the rate without.",
        traced.median()
    ));
    Ok(())
}

/// Starts a collector that accepts everything and keeps nothing; returns its URL.
fn collector() -> anyhow::Result<String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let url = format!("http://{}", listener.local_addr()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::spawn(move || {
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            axum::serve(listener, axum::Router::new().fallback(async |_: bytes::Bytes| ())).await
        })
    });
    Ok(url)
}

/// Scrapes the metrics until it is dropped.
struct Scraper {
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Scraper {
    fn start(address: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                // Failures are in the server's log.
                let _ = Client::connect(address).and_then(|mut client| client.get("/metrics"));
                thread::sleep(SCRAPE_EVERY);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

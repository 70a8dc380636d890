//! Read load, by wrk.

use std::process::Command;

use anyhow::{Context as _, bail};

use crate::{
    pairs::{Spread, in_turn},
    proc::{Meter, Use},
    server::Server,
};

const PAIRS: usize = 7;
pub(crate) const THREADS: &str = "2";
pub(crate) const CONNECTIONS: &str = "16";
const TIME: &str = "3s";

/// The figures of wrk, and the CPU time.
pub(crate) struct Load {
    pub(crate) requests_a_second: f64,
    pub(crate) p99_ms: f64,
    pub(crate) cpu: Use,
}

impl Load {
    /// CPU time of the server per request, in microseconds.
    pub(crate) fn server_us(&self) -> f64 {
        self.cpu.server_cores / self.requests_a_second * 1e6
    }
}

/// Two servers under the same load in turn.
pub(crate) struct Duel {
    pairs: Vec<(Load, Load)>,
}

/// Peer and Roster in turn, the peer first.
pub(crate) fn duel(peer: (&Server, &str), roster: (&Server, &str)) -> anyhow::Result<Duel> {
    let pairs = in_turn(PAIRS, || load(peer.0, peer.1), || load(roster.0, roster.1))?;
    Ok(Duel { pairs })
}

impl Duel {
    /// Requests per second of Roster relative to the peer.
    pub(crate) fn ratio(&self) -> Spread {
        self.of(|(peer, roster)| roster.requests_a_second / peer.requests_a_second)
    }

    /// Both sides in words.
    pub(crate) fn remark(&self, what: &str, peer: &str) -> String {
        let median = |value: fn(&(Load, Load)) -> f64| self.of(value).median();
        format!(
            "{what}: {:.0} requests/s, p99 {:.2} ms, {peer} {:.0} and {:.2} ms. CPU of the server for a request: {:.1} µs, {peer} {:.1} µs: a \
             ratio of {:.2}. Of the two cores the server has {:.2}, wrk {:.2}, other programs {:.2}; with {peer} \
             {:.2}, {:.2}, {:.2}.",
            median(|(_, roster)| roster.requests_a_second),
            median(|(_, roster)| roster.p99_ms),
            median(|(peer, _)| peer.requests_a_second),
            median(|(peer, _)| peer.p99_ms),
            median(|(_, roster)| roster.server_us()),
            median(|(peer, _)| peer.server_us()),
            median(|(peer, roster)| peer.server_us() / roster.server_us()),
            median(|(_, roster)| roster.cpu.server_cores),
            median(|(_, roster)| roster.cpu.client_cores),
            median(|(_, roster)| roster.cpu.other_cores),
            median(|(peer, _)| peer.cpu.server_cores),
            median(|(peer, _)| peer.cpu.client_cores),
            median(|(peer, _)| peer.cpu.other_cores),
        )
    }

    fn of(&self, value: fn(&(Load, Load)) -> f64) -> Spread {
        Spread::new(self.pairs.iter().map(value).collect())
    }
}

pub(crate) fn load(server: &Server, path: &str) -> anyhow::Result<Load> {
    load_by(THREADS, CONNECTIONS, server, path)
}

/// By one client, whose requests share no read.
pub(crate) fn load_alone(server: &Server, path: &str) -> anyhow::Result<Load> {
    load_by("1", "1", server, path)
}

fn load_by(threads: &str, connections: &str, server: &Server, path: &str) -> anyhow::Result<Load> {
    let meter = Meter::start(server.pid())?;
    let output = Command::new("wrk")
        .args(["-t", threads, "-c", connections, "-d", TIME, "--latency", &server.url(path)])
        .output()
        .context("cannot start wrk: apt-get install wrk")?;
    let cpu = meter.stop()?;
    let text = String::from_utf8(output.stdout)?;
    if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("wrk: {text}");
    }
    let requests_a_second: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:"))
        .context("wrk printed no rate")?
        .trim()
        .parse()?;
    let p99 = text.lines().find_map(|line| line.trim().strip_prefix("99%")).context("wrk printed no p99")?;
    Ok(Load { requests_a_second, p99_ms: milliseconds(p99.trim())?, cpu })
}

/// Parses a time of wrk: `412.00us`, `1.25ms`, `1.02s`.
fn milliseconds(text: &str) -> anyhow::Result<f64> {
    let units = [("us", 1e-3), ("ms", 1.0), ("s", 1e3)];
    let (number, unit) = units
        .into_iter()
        .find_map(|(name, ms)| Some((text.strip_suffix(name)?, ms)))
        .context("wrk printed no valid time")?;
    Ok(number.parse::<f64>()? * unit)
}

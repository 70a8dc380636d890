//! `GET /users` with a million users: to a fast reader and to a slow one.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    proc::{self, Meter, Use},
    report::{A_SECOND, MEGABYTES, MILLISECONDS, Report, Target, megabytes},
    server::Server,
};

const USERS: usize = 1_000_000;
const ROUNDS: usize = 5;
const REQUEST: &[u8] = b"GET /users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// A slow reader takes this many bytes ten times a second: 1 MB/s.
const SIP_BYTES: usize = 100_000;
const SIPS: u32 = 80;

/// One walk over all users.
struct Walk {
    first_byte_ms: f64,
    users_a_second: f64,
    bytes: usize,
    cpu: Use,
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let store = bench.folder.join("stream.db");
    storage::sqlite::fill(&store, USERS)?;
    let roster = Server::roster(bench, &store, &[])?;
    ensure!(Client::connect(roster.address())?.get("/users?limit=1")?.status == 200, "no page of users");
    let idle = proc::resident(roster.pid())?;

    let mut walks = Vec::new();
    let mut grown = Vec::new();
    for _ in 0..ROUNDS {
        proc::forget_peak(roster.pid())?;
        walks.push(walk(&roster)?);
        grown.push(megabytes(proc::peak_resident(roster.pid())?.saturating_sub(idle)));
    }
    let of = |value: fn(&Walk) -> f64| Spread::new(walks.iter().map(value).collect());
    let first_byte = of(|walk| walk.first_byte_ms);
    report.figure("`GET /users`, 10⁶ users: first byte", Target::AtMost(50.0), &first_byte, MILLISECONDS);
    let rate = of(|walk| walk.users_a_second);
    report.figure("`GET /users`, 10⁶ users: users", Target::AtLeast(600_000.0), &rate, A_SECOND);
    let grown = Spread::new(grown);
    report.figure("`GET /users`, 10⁶ users: peak memory above idle", Target::AtMost(32.0), &grown, MEGABYTES);
    let slow = Spread::new(vec![megabytes(sip(&roster)?.saturating_sub(idle))]);
    report.figure("the same, a reader of 1 MB/s", Target::AtMost(32.0), &slow, MEGABYTES);
    report.remark(format!(
        "`GET /users`: {} bytes a walk; the server keeps {:.2} cores busy, the client {:.2}, other programs {:.2}. The slow reader takes \
         {} s and disconnects before the end; its figure is the peak in that time.",
        walks[0].bytes,
        of(|walk| walk.cpu.server_cores).median(),
        of(|walk| walk.cpu.client_cores).median(),
        of(|walk| walk.cpu.other_cores).median(),
        SIPS / 10,
    ));
    Ok(())
}

fn walk(roster: &Server) -> anyhow::Result<Walk> {
    let meter = Meter::start(roster.pid())?;
    let mut stream = TcpStream::connect(roster.address())?;
    let started = Instant::now();
    stream.write_all(REQUEST)?;
    let mut buffer = vec![0; 256 * 1024];
    let (mut users, mut bytes, mut first_byte) = (0, 0, None);
    let mut tail = Vec::new();
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        first_byte.get_or_insert_with(|| started.elapsed());
        let read = &buffer[..count];
        // Each user is one object, and nothing else has a brace.
        users += memchr::memchr_iter(b'{', read).count();
        bytes += count;
        tail.extend_from_slice(&read[count.saturating_sub(8)..]);
        tail.drain(..tail.len().saturating_sub(8));
    }
    let cpu = meter.stop()?;
    ensure!(users == USERS && tail.ends_with(b"]\r\n0\r\n\r\n"), "{users} users, then {tail:?}");
    Ok(Walk {
        first_byte_ms: first_byte.unwrap_or_default().as_secs_f64() * 1000.0,
        users_a_second: f64::from(u32::try_from(users)?) / cpu.elapsed.as_secs_f64(),
        bytes,
        cpu,
    })
}

/// Reads slowly for a while and disconnects; returns the peak memory, in bytes.
fn sip(roster: &Server) -> anyhow::Result<u64> {
    proc::forget_peak(roster.pid())?;
    let mut stream = TcpStream::connect(roster.address())?;
    stream.write_all(REQUEST)?;
    let started = Instant::now();
    let mut buffer = vec![0; SIP_BYTES];
    for sip in 1..=SIPS {
        stream.read_exact(&mut buffer)?;
        let next = Duration::from_millis(100) * sip;
        thread::sleep(next.saturating_sub(started.elapsed()));
    }
    proc::peak_resident(roster.pid())
}

//! CPU time and memory of a process, from `/proc` (proc(5)).

use std::{
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};

/// The unit of CPU times in `/proc`: 1/100 s on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Measures CPU time over a period.
pub(crate) struct Meter {
    server: u32,
    started: Instant,
    before: Times,
}

#[derive(Clone, Copy)]
struct Times {
    server: Duration,
    clients: Duration,
    machine: Duration,
}

/// The result of a [`Meter`].
#[derive(Clone, Copy)]
pub(crate) struct Use {
    pub(crate) elapsed: Duration,
    /// Cores that the server kept busy.
    pub(crate) server_cores: f64,
    /// Cores that this process and its finished children kept busy.
    pub(crate) client_cores: f64,
    /// Cores that everything else on the machine kept busy.
    pub(crate) other_cores: f64,
}

impl Meter {
    pub(crate) fn start(server: u32) -> anyhow::Result<Self> {
        Ok(Self { server, started: Instant::now(), before: Times::read(server)? })
    }

    pub(crate) fn stop(self) -> anyhow::Result<Use> {
        let elapsed = self.started.elapsed();
        let (before, after) = (self.before, Times::read(self.server)?);
        let cores =
            |of: fn(&Times) -> Duration| of(&after).saturating_sub(of(&before)).div_duration_f64(elapsed);
        let (server_cores, client_cores) = (cores(|times| times.server), cores(|times| times.clients));
        let other_cores = (cores(|times| times.machine) - server_cores - client_cores).max(0.0);
        Ok(Use { elapsed, server_cores, client_cores, other_cores })
    }
}

impl Times {
    fn read(server: u32) -> anyhow::Result<Self> {
        let children = fs::read_to_string(format!("/proc/{server}/task/{server}/children"))?;
        let mut server = of_process(&server.to_string())?.0;
        for child in children.split_whitespace() {
            server += of_process(child)?.0;
        }
        let (own, ended) = of_process("self")?;
        Ok(Self { server, clients: own + ended, machine: of_machine()? })
    }
}

/// CPU time of the process itself, and of its finished children.
fn of_process(process: &str) -> anyhow::Result<(Duration, Duration)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("stat has no name in brackets")?;
    let ticks: Vec<u32> =
        fields.split_whitespace().skip(11).take(4).map(str::parse).collect::<Result<_, _>>()?;
    let [user, system, ended_user, ended_system] = ticks[..] else { bail!("stat lacks CPU times") };
    Ok((TICK * (user + system), TICK * (ended_user + ended_system)))
}

/// CPU time of all processes: user, nice, system, interrupts.
fn of_machine() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat")?;
    let ticks: Vec<u32> =
        stat.split_whitespace().skip(1).take(7).map(str::parse).collect::<Result<_, _>>()?;
    let [user, nice, system, _idle, _waiting, interrupts, soft_interrupts] = ticks[..] else {
        bail!("/proc/stat lacks CPU times")
    };
    Ok(TICK * (user + nice + system + interrupts + soft_interrupts))
}

/// Resident memory now, in bytes.
pub(crate) fn resident(pid: u32) -> anyhow::Result<u64> {
    status(pid, "VmRSS:")
}

/// Peak resident memory since [`forget_peak`], in bytes.
pub(crate) fn peak_resident(pid: u32) -> anyhow::Result<u64> {
    status(pid, "VmHWM:")
}

/// Resets [`peak_resident`].
pub(crate) fn forget_peak(pid: u32) -> anyhow::Result<()> {
    fs::write(format!("/proc/{pid}/clear_refs"), "5").context("cannot write clear_refs")
}

fn status(pid: u32, field: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let line = line.with_context(|| format!("status has no {field}"))?;
    let kib: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib * 1024)
}

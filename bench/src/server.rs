//! A server process, stopped on drop.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;

use crate::Bench;

pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    /// What it printed when it listened.
    announcement: String,
}

impl Server {
    /// The binary on a store, with its log in a file.
    pub(crate) fn roster(bench: &Bench, store: &Path, settings: &[(&str, &str)]) -> anyhow::Result<Self> {
        Self::roster_with(bench, store, &[], settings)
    }

    fn command(bench: &Bench, store: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(&bench.roster);
        command
            .env("ROSTER_STORAGE", format!("sqlite:{}", store.display()))
            .env("ROSTER_LISTEN", "127.0.0.1:0")
            .env("ROSTER_MANAGEMENT_LISTEN", "127.0.0.1:0")
            .stderr(File::options().create(true).append(true).open(bench.folder.join("roster.log"))?);
        Ok(command)
    }

    /// The same with these arguments.
    pub(crate) fn roster_with(
        bench: &Bench,
        store: &Path,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let mut command = Self::command(bench, store)?;
        command.args(arguments).envs(settings.iter().copied());
        Self::announced(command)
    }

    /// The binary on the AWS stores in `settings`.
    pub(crate) fn roster_on_aws(bench: &Bench, settings: &[(String, String)]) -> anyhow::Result<Self> {
        let mut command = Command::new(&bench.roster);
        command
            .env("ROSTER_LISTEN", "127.0.0.1:0")
            .env("ROSTER_MANAGEMENT_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().cloned())
            .stderr(File::options().create(true).append(true).open(bench.folder.join("roster.log"))?);
        Self::announced(command)
    }

    /// The peer that serves a file from memory.
    pub(crate) fn bare(file: &Path, content_type: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare").arg(file).arg(content_type);
        Self::announced(command)
    }

    /// An emulated AWS with this number of users; its files are in `folder`.
    pub(crate) fn emulator(folder: &Path, users: usize) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("emulate").arg(folder).arg(users.to_string());
        Self::announced(command)
    }

    /// Starts a process that prints `… listens at http://ADDRESS …` once it listens.
    fn announced(mut command: Command) -> anyhow::Result<Self> {
        let unknown = SocketAddr::from(([127, 0, 0, 1], 0));
        let child = command.stdout(Stdio::piped()).spawn()?;
        let mut server = Self::started(child, unknown);
        let stdout = server.child.stdout.take().context("the process has no standard output")?;
        BufReader::new(stdout).read_line(&mut server.announcement)?;
        server.address = server.announced_address("listens at")?;
        Ok(server)
    }

    /// A started process that listens at `address`.
    pub(crate) fn started(child: Child, address: SocketAddr) -> Self {
        Self { child, address, announcement: String::new() }
    }

    /// The address in a URL that the server printed after `label`.
    pub(crate) fn announced_address(&self, label: &str) -> anyhow::Result<SocketAddr> {
        let url = self.announcement.split_once(&format!("{label} http://")).map(|(_, rest)| rest);
        let address = url.and_then(|rest| rest.split(['/', ' ', '\n']).next());
        address
            .with_context(|| format!("the server printed no URL after `{label}`"))?
            .parse()
            .context("no address")
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address of Roster's metrics.
    pub(crate) fn management(&self) -> anyhow::Result<SocketAddr> {
        self.announced_address("metrics:")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // With SIGTERM nginx stops its workers; with SIGKILL it would not.
        let _ = Command::new("kill").arg(self.pid().to_string()).status();
        let _ = self.child.wait();
    }
}

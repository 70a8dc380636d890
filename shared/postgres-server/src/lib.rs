//! A PostgreSQL server for tests, from the binaries of the machine (Debian's package `postgresql`).
//!
//! It listens on a loopback port, trusts the user `roster`, asks the user `locked` for its password, and offers TLS. It
//! ends with the process that started it, however that ends, and removes its files. Nothing it writes is synced: it
//! survives its own death, but not that of the machine.

use std::{
    fs,
    io::{self, Write as _},
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Mutex, Once, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use tempfile::TempDir;

/// The password of the user `locked`.
pub const PASSWORD: &str = "s3cret: p@ss/word";

/// The databases of all tests are 2 GB.
const ROOM_IN_MEMORY: u64 = 4 << 30;

/// Far longer than any start takes.
const DEADLINE: Duration = Duration::from_mins(1);

/// Runs the server until its input ends or a signal comes, as Ctrl-C sends it to the whole group, and removes the
/// folder then; a line on its input means to keep it. The signal to the server is that for a fast shutdown.
const RUN: &str = r#"
    trap : INT TERM HUP
    exec 2>>"$1/log"
    "$0/postgres" -D "$1/data" -p "$2" <&- >>"$1/log" 2>&1 &
    read -r keep
    kill -INT $!
    wait $!
    [ -n "$keep" ] || rm -rf "$1"
"#;

/// An authority, and a certificate for `localhost` from it.
const CERTIFICATES: &str = r#"
    set -e
    cd "$0"
    key='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
    openssl req -x509 $key -keyout ca.key -out ca.crt -days 2 -subj '/CN=test authority'
    openssl req $key -keyout server.key -out server.csr -subj '/CN=localhost'
    echo 'subjectAltName=DNS:localhost' >server.ext
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile server.ext -out server.crt
"#;

const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 400
shared_buffers = '32MB'
max_wal_size = '128MB'
fsync = off
autovacuum = off
ssl = on
ssl_cert_file = '../server.crt'
ssl_key_file = '../server.key'
";

const ACCESS: &str = "
host all locked 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
";

/// A running server.
pub struct Server {
    binaries: PathBuf,
    folder: PathBuf,
    port: u16,
    shell: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl Server {
    /// The one server of this process, or `None` where the machine has no binaries, which is reported in one line. In CI,
    /// where that would hide what is not tested, it fails.
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Server>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    /// A server of its own, for a test that kills it.
    pub fn start() -> Option<Self> {
        Self::start_below(&folder_in_memory().unwrap_or_else(std::env::temp_dir))
    }

    /// The same, with its files in a new folder of this one. Started by root they are in the system's temporary folder:
    /// the server's user may not be allowed to enter another.
    pub fn start_in(parent: &Path) -> Option<Self> {
        if geteuid().is_root() { Self::start_below(&std::env::temp_dir()) } else { Self::start_below(parent) }
    }

    fn start_below(parent: &Path) -> Option<Self> {
        static REPORT: Once = Once::new();
        let Some(binaries) = binaries() else {
            #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
            let is_ci = std::env::var_os("CI").is_some();
            assert!(!is_ci, "PostgreSQL is not installed: install Debian's package postgresql");
            // Not `eprintln!`, which a test's output captures.
            REPORT.call_once(|| {
                let line = "skipped: PostgreSQL is not installed (Debian's package postgresql)";
                let _ = writeln!(io::stderr(), "{line}");
            });
            return None;
        };
        let folder = create(&binaries, parent).keep();
        let server = Self {
            binaries,
            folder,
            port: free_port(),
            shell: Mutex::default(),
            databases: AtomicUsize::new(0),
        };
        server.run();
        let role = format!("CREATE ROLE locked LOGIN SUPERUSER PASSWORD '{PASSWORD}'");
        server.sql("postgres", &role);
        Some(server)
    }

    /// The URL of a new, empty database.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.url("roster", &name)
    }

    /// The URL of a database for this user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// Runs statements past the store; returns their rows as text, fields separated by `|`.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let output = self.psql(database, statements).expect("psql runs");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{statements}: {errors}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that vouches for `localhost`.
    pub fn authority(&self) -> PathBuf {
        self.folder.join("ca.crt")
    }

    /// Replaces the authority and the server's certificate, for the next connections.
    pub fn replace_authority(&self) {
        finish(unprivileged(Command::new("sh"), &self.folder).args(["-c", CERTIFICATES]).arg(&self.folder));
        self.sql("postgres", "SELECT pg_reload_conf()");
    }

    /// Makes a server that was killed a read-only replica of nothing, from its next start until it is promoted.
    pub fn demote(&self) {
        fs::write(self.folder.join("data/standby.signal"), "").expect("it is written");
    }

    /// Kills the server (`SIGKILL`). What it wrote stays, since the machine goes on.
    pub fn kill(&self) {
        let pid = fs::read_to_string(self.folder.join("data/postmaster.pid")).expect("a running server");
        let pid: i32 = pid.lines().next().and_then(|pid| pid.parse().ok()).expect("a process id");
        kill_process(Pid::from_raw(pid).expect("a process id"), Signal::KILL).expect("it is killed");
        self.stop("keep\n");
    }

    /// Starts it again, on the same port.
    pub fn run(&self) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
            let mut command = unprivileged(Command::new("sh"), &self.folder);
            command.args(["-c", RUN]).arg(&self.binaries).arg(&self.folder).arg(self.port.to_string());
            *shell = Some(command.stdin(Stdio::piped()).spawn().expect("sh runs"));
            drop(shell);
            if self.answers(Instant::now() + Duration::from_secs(10)) {
                return;
            }
            // Processes of the one before may not have ended yet.
            self.stop("keep\n");
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "PostgreSQL does not start:\n{log}");
        }
    }

    fn answers(&self, deadline: Instant) -> bool {
        while Instant::now() < deadline {
            if self.psql("postgres", "SELECT 1").is_ok_and(|output| output.status.success()) {
                return true;
            }
            thread::sleep(Duration::from_millis(50));
        }
        false
    }

    fn psql(&self, database: &str, statements: &str) -> io::Result<std::process::Output> {
        let arguments = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statements];
        Command::new(self.binaries.join("psql")).args(arguments).arg(self.url("roster", database)).output()
    }

    fn stop(&self, line: &str) {
        let shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut shell) = shell {
            if let Some(mut input) = shell.stdin.take() {
                // It may have ended.
                let _ = input.write_all(line.as_bytes());
            }
            let _ = shell.wait();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop("");
    }
}

/// The folder with the server's programs: from the path, or the newest of Debian's.
fn binaries() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "tests have no settings")]
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_all =
        |folder: &PathBuf| ["initdb", "postgres", "psql"].iter().all(|name| folder.join(name).exists());
    let version = |folder: &PathBuf| -> u32 {
        folder.parent().and_then(Path::file_name).and_then(|name| name.to_str()?.parse().ok()).unwrap_or(0)
    };
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin")).filter(has_all).max_by_key(version);
    std::env::split_paths(&path).find(has_all).or(debian)
}

/// The system's folder in memory, if it has room for the databases of all tests: each is 300 files, which take some disks
/// a quarter of a second.
fn folder_in_memory() -> Option<PathBuf> {
    let folder = Path::new("/dev/shm");
    let found = rustix::fs::statvfs(folder).ok()?;
    (found.f_bavail.saturating_mul(found.f_frsize) >= ROOM_IN_MEMORY).then(|| folder.to_owned())
}

/// A folder with the files of a new server.
fn create(binaries: &Path, parent: &Path) -> TempDir {
    let user = other_user();
    let folder = tempfile::Builder::new().prefix("roster-postgres-").tempdir_in(parent).expect("a folder");
    if let Some((user, group)) = user {
        chown(folder.path(), Some(user), Some(group)).expect("it can be given to the server's user");
    }
    let arguments = ["-U", "roster", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"];
    let mut initdb = unprivileged(Command::new(binaries.join("initdb")), folder.path());
    finish(initdb.args(arguments).arg(folder.path().join("data")));
    finish(unprivileged(Command::new("sh"), folder.path()).args(["-c", CERTIFICATES]).arg(folder.path()));
    let data = folder.path().join("data");
    let settings = fs::read_to_string(data.join("postgresql.conf")).expect("settings") + SETTINGS;
    fs::write(data.join("postgresql.conf"), settings).expect("settings are written");
    fs::write(data.join("pg_hba.conf"), ACCESS).expect("access is written");
    folder
}

/// The server refuses to run as root: it gets the user of Debian's package, or one without rights.
fn other_user() -> Option<(u32, u32)> {
    if !geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let postgres = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(postgres.unwrap_or((65_534, 65_534)))
}

fn unprivileged(mut command: Command, folder: &Path) -> Command {
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command.current_dir(folder);
    command
}

fn finish(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_files_are_removed_after_a_signal_too() {
        let Some(server) = Server::start() else { return };
        let shell = server.shell.lock().unwrap().as_ref().unwrap().id();
        kill_process(Pid::from_raw(shell.try_into().unwrap()).unwrap(), Signal::INT).unwrap();
        let mut shell = server.shell.lock().unwrap().take().unwrap();
        shell.wait().unwrap();
        assert!(!server.folder.exists(), "{}", server.folder.display());
    }
}

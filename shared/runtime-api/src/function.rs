//! A function as a process.

use std::{
    io,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
    task::JoinHandle,
    time::timeout,
};

use crate::RuntimeApi;

/// How long a function may take to end.
const END_TIMEOUT: Duration = Duration::from_mins(1);

/// A running function, killed when it is dropped.
pub struct Function {
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
}

impl Function {
    /// Starts `program` in `folder` as Lambda does: without this process's environment, on an embedded store
    /// in `folder` and with `settings`.
    ///
    /// # Errors
    /// If it cannot be started.
    ///
    /// # Panics
    /// Outside a runtime.
    pub fn start(
        program: impl AsRef<Path>,
        folder: &Path,
        api: &RuntimeApi,
        settings: &[(&str, &str)],
    ) -> io::Result<Self> {
        let program = program.as_ref();
        let name = program.file_name().unwrap_or_default();
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            // Where an instrumented program writes its coverage (tools/coverage/run).
            .envs(std::env::vars_os().filter(|(name, _)| name == "LLVM_PROFILE_FILE"))
            .env("AWS_LAMBDA_RUNTIME_API", api.address().to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", name)
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("ROSTER_STORAGE", "sqlite:roster.db")
            .env("ROSTER_AUTH", "off")
            .env("ROSTER_PUBLIC_URL", "https://users.example.org")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let stdout = all_of(child.stdout.take().expect("it is piped"));
        let stderr = all_of(child.stderr.take().expect("it is piped"));
        Ok(Self { child, stdout, stderr })
    }

    /// Its process, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end, and for all that it wrote.
    ///
    /// # Panics
    /// If it does not end within a minute.
    pub async fn ended(mut self) -> Output {
        let status = timeout(END_TIMEOUT, self.child.wait()).await.expect("an end in time");
        Output {
            status: status.expect("it was started here"),
            stdout: self.stdout.await.expect("reading does not panic"),
            stderr: self.stderr.await.expect("reading does not panic"),
        }
    }

    /// Sends SIGTERM.
    ///
    /// # Panics
    /// If it has already ended.
    pub async fn terminate(&self) {
        let id = self.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "the signal was not sent");
    }

    /// Sends SIGTERM, and waits as [`ended`](Self::ended) does.
    ///
    /// # Panics
    /// If it has already ended, or does not end within a minute.
    pub async fn terminated(self) -> Output {
        self.terminate().await;
        self.ended().await
    }
}

/// Reads concurrently, so that the function never blocks on a full pipe.
fn all_of(mut pipe: impl AsyncRead + Send + Unpin + 'static) -> JoinHandle<Vec<u8>> {
    tokio::spawn(async move {
        let mut all = Vec::new();
        pipe.read_to_end(&mut all).await.expect("a pipe can be read");
        all
    })
}

/// Asserts that what a function wrote with `RUST_LOG=trace` has one line of metrics for each of `requests`, and
/// no `secret`, in lower case, anywhere.
///
/// # Panics
/// If it is otherwise.
pub fn assert_private(written: Output, requests: usize, secrets: &[&str]) {
    let log = String::from_utf8(written.stderr).expect("the log is UTF-8");
    let is_whole = ["TRACE", "DEBUG"].iter().any(|level| log.contains(&format!("\"level\":\"{level}\"")));
    assert!(is_whole, "the whole log is checked");
    let metrics = String::from_utf8(written.stdout).expect("metrics are UTF-8");
    assert_eq!(metrics.lines().count(), requests);
    for text in [log, metrics] {
        for secret in secrets {
            assert!(!text.to_lowercase().contains(secret), "{secret} is in {text}");
        }
    }
}

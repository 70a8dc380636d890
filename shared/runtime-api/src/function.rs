//! A function as a process.

use std::{
    io,
    path::Path,
    process::{Output, Stdio},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::RuntimeApi;

/// How long a function may take to end.
const END_WITHIN: Duration = Duration::from_mins(1);

/// A running function, killed when it is dropped.
pub struct Function(Child);

impl Function {
    /// Starts `program` in `folder` as Lambda does, with nothing else of this process's environment, on an embedded
    /// store there and with `settings`.
    ///
    /// # Errors
    /// Where it cannot be started.
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
        command.spawn().map(Self)
    }

    /// Its process, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.0.id()
    }

    /// Waits for its end, and for all that it wrote. What it writes must fit into a pipe until then.
    ///
    /// # Panics
    /// Where it does not end within a minute.
    pub async fn ended(self) -> Output {
        let output = timeout(END_WITHIN, self.0.wait_with_output()).await.expect("an end in time");
        output.expect("its output is piped")
    }

    /// Sends SIGTERM, and waits as [`ended`](Self::ended) does.
    ///
    /// # Panics
    /// Where it has ended before, or does not end within a minute.
    pub async fn terminated(self) -> Output {
        let id = self.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(sent.is_ok_and(|status| status.success()), "the signal was not sent");
        self.ended().await
    }
}

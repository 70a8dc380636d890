//! Sends events to a local function, unchanged: it reads one line of JSON for each event from standard input,
//! and prints one line of JSON for each response. The function has this process's environment, and its log
//! goes to standard error at the end.
//!
//! ```console
//! $ cargo run -p roster-runtime-api --example events -- target/lambda/list-users/bootstrap <events.jsonl
//! ```

#![allow(clippy::print_stdout, reason = "it answers")]

use std::io::{self, Write as _};

use runtime_api::{Function, RuntimeApi};
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

#[tokio::main]
async fn main() -> io::Result<()> {
    let program = std::env::args().nth(1).ok_or_else(|| io::Error::other("usage: events PROGRAM"))?;
    let program = std::path::Path::new(&program).canonicalize()?;
    #[expect(clippy::disallowed_methods, reason = "the function has the environment of main")]
    let settings: Vec<_> = std::env::vars().collect();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let api = RuntimeApi::start().await?;
    let function = Function::start(program, &std::env::current_dir()?, &api, &settings)?;
    let mut events = BufReader::new(stdin()).lines();
    while let Some(event) = events.next_line().await? {
        println!("{}", api.invoke(event).await.answered());
        io::stdout().flush()?;
    }
    io::stderr().write_all(&function.terminated().await.stderr)
}

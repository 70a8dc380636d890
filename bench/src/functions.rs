//! The Lambda functions, as `just lambda` packs them, under a small runtime API: their size, the time until
//! they request an event, and the cost of a request without its store.

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, ensure};
use runtime_api::{ClientRequest, EventSource, Function, RuntimeApi};
use tokio::runtime::Runtime;

use crate::{
    Bench,
    aws::Emulated,
    client::{FORM, form},
    create::PORTRAIT,
    pairs::Spread,
    report::{MEGABYTES, RATIO, Report, Target, megabytes},
};

const FUNCTIONS: [&str; 4] = ["create-user", "list-users", "manage-user", "serve-avatar"];
const STARTS: usize = 20;
const REQUESTS: usize = 200;
const USERS: usize = 1_000;

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let packed = |function: &str, file: &str| bench.target.join("lambda").join(function).join(file);
    for function in FUNCTIONS {
        let zip = packed(function, "bootstrap.zip").metadata().context("no zip: run `just lambda` first")?;
        let size = Spread::new(vec![megabytes(zip.len())]);
        report.figure(&format!("zip of `{function}`"), Target::AtMost(6.0), &size, MEGABYTES);
    }
    let hello = bench.target.join("lambda-hello/bootstrap");
    ensure!(hello.exists(), "no peer: run bench/run.sh, which builds it");
    Runtime::new()?.block_on(async {
        let emulated = Emulated::start(bench, USERS).await?;
        for function in FUNCTIONS {
            start(report, &emulated, function, packed(function, "bootstrap"), hello.clone()).await?;
        }
        requests(report, &emulated, "list-users", packed("list-users", "bootstrap"), |_| ClientRequest {
            method: "GET".to_owned(),
            target: "/users?limit=100".to_owned(),
            ..ClientRequest::default()
        })
        .await?;
        requests(report, &emulated, "create-user", packed("create-user", "bootstrap"), upload).await
    })
}

/// From the start of the process to its first request for an event, compared with a function that does
/// nothing else.
async fn start(
    report: &mut Report,
    emulated: &Emulated,
    name: &str,
    function: PathBuf,
    hello: PathBuf,
) -> anyhow::Result<()> {
    let (mut ratios, mut times) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let peer = delay_until_first_event(emulated, &hello).await?;
        let own = delay_until_first_event(emulated, &function).await?;
        ratios.push(own / peer);
        times.push(own);
    }
    report.figure(&format!("`{name}`: start / hello"), Target::AtMost(1.5), &Spread::new(ratios), RATIO);
    report.remark(format!("`{name}` requests its first event after {:.1} ms.", Spread::new(times).median()));
    Ok(())
}

/// Milliseconds from the start of `program` to its first request for an event.
async fn delay_until_first_event(emulated: &Emulated, program: &PathBuf) -> anyhow::Result<f64> {
    let api = RuntimeApi::start().await?;
    let settings = emulated.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let began = Instant::now();
    let function = Function::start(program, &emulated.folder, &api, &settings)?;
    api.ready().await;
    let after = began.elapsed().as_secs_f64() * 1000.0;
    drop(function);
    Ok(after)
}

/// The duration of a warm request without its store calls: the metrics line of the function has both.
async fn requests(
    report: &mut Report,
    emulated: &Emulated,
    name: &str,
    program: PathBuf,
    request: impl Fn(usize) -> ClientRequest,
) -> anyhow::Result<()> {
    let api = RuntimeApi::start().await?;
    let mut settings = emulated.settings();
    settings.push(("RUST_LOG".to_owned(), "error".to_owned()));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let function = Function::start(program, &emulated.folder, &api, &settings)?;
    let mut whole = Vec::new();
    for number in 0..REQUESTS {
        let event = EventSource::HttpApi.event(&request(number)).to_string();
        let began = Instant::now();
        let response = EventSource::HttpApi.response(&api.invoke(event).await.answered());
        ensure!(response.status < 300, "{}: {}", response.status, String::from_utf8_lossy(&response.body));
        whole.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    let output = function.terminated().await;
    let lines = String::from_utf8(output.stdout)?;
    let (mut overhead, mut store) = (Vec::new(), Vec::new());
    for line in lines.lines().filter(|line| line.starts_with("{\"_aws\"")).skip(REQUESTS / 10) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let of = |name: &str| line[name].as_f64().with_context(|| format!("no metric {name}"));
        let (all, stored) = (of("http.server.request.duration")?, of("roster.store.duration")?);
        overhead.push(all - stored);
        store.push(stored);
    }
    ensure!(!overhead.is_empty(), "the function wrote no metrics");
    let (overhead, store, whole) = (Spread::new(overhead), Spread::new(store), Spread::new(whole));
    report.remark(format!(
        "`{name}`, warm: {:.2} ms plus {:.2} ms in its store (emulated, in another process); {:.2} ms from \
         the event to the response at the runtime API.",
        overhead.median(),
        store.median(),
        whole.median(),
    ));
    Ok(())
}

fn upload(number: usize) -> ClientRequest {
    ClientRequest {
        method: "POST".to_owned(),
        target: "/user".to_owned(),
        headers: vec![("content-type".to_owned(), FORM.to_owned())],
        body: form(&format!("function{number}@example.org"), PORTRAIT),
    }
}

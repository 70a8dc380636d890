//! Uploads, against PocketBase: a record with the same file and a unique e-mail. It neither decodes the image
//! nor waits for the disk at each commit: what it left to the kernel is written before the next turn begins. And the same
//! uploads with the worker and without.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

use crate::{
    Bench,
    client::Client,
    create::{self, Uploads},
    disk,
    nginx::{free_address, wait_for},
    overload::until_none_waits,
    pairs::{Spread, in_turn},
    photograph::blurred_noise,
    report::{RATIO, Report, Target},
    server::Server,
    worker,
};

/// Where `bench/run.sh` installs it, in the folder `target`.
const PROGRAM: &str = "pocketbase/base";
const SUPERUSER: [&str; 2] = ["bench@example.org", "only for this run"];
const RECORDS: &str = "/api/collections/people/records";
const PAIRS: usize = 5;

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let image = blurred_noise()?;
    let program = bench.target.join(PROGRAM);
    if program.exists() {
        compare(bench, &program, &image, report)?;
    } else {
        report.remark("PocketBase is not there: bench/run.sh installs it where `go` is.".to_owned());
    }
    worker::measure(bench, &image, report)?;
    report.remark(disk::remark(&bench.folder)?);
    Ok(())
}

fn compare(bench: &Bench, program: &Path, image: &[u8], report: &mut Report) -> anyhow::Result<()> {
    let peer = start(program, &bench.folder.join("pocketbase"))?;
    let roster = Server::roster(bench, &bench.folder.join("beside-pocketbase.db"), &[])?;
    write_back();
    for (clients, least) in [(16, 1.5), (1, 1.2)] {
        let pairs = in_turn(
            PAIRS,
            || Ok(Turn::new(create::uploads_to(&peer, RECORDS, image, clients)?)),
            || {
                let turn = Turn::new(create::uploads(&roster, image, clients)?);
                // So that the worker takes nothing from PocketBase.
                until_none_waits(&roster)?;
                write_back();
                Ok(turn)
            },
        )?;
        let ratios = |of: fn(&Turn) -> f64| {
            Spread::new(pairs.iter().map(|(peer, roster)| of(roster) / of(peer)).collect())
        };
        let name = format!("`POST /user` of {} kB, {clients} clients / PocketBase", image.len() / 1000);
        report.figure(&name, Target::AtLeast(least), &ratios(|turn| turn.uploads.a_second), RATIO);
        let written = ratios(Turn::written_a_second);
        let (peers, rosters): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        report.remark(format!(
            "{name}: {}, PocketBase {}. With the time until everything is on the disk: {:.2} × ({:.2} … {:.2}).",
            in_words(&rosters),
            in_words(&peers),
            written.median(),
            written.min(),
            written.max(),
        ));
    }
    Ok(())
}

/// The uploads of one side, and what the kernel had yet to write after them.
struct Turn {
    uploads: Uploads,
    write_back_s: f64,
}

impl Turn {
    fn new(uploads: Uploads) -> Self {
        Self { uploads, write_back_s: write_back() }
    }

    fn written_a_second(&self) -> f64 {
        let count = self.uploads.a_second * self.uploads.seconds();
        count / (self.uploads.seconds() + self.write_back_s)
    }
}

/// Waits until the kernel has written everything; returns the seconds that it took.
fn write_back() -> f64 {
    let began = Instant::now();
    rustix::fs::sync();
    began.elapsed().as_secs_f64()
}

fn in_words(turns: &[Turn]) -> String {
    let rates = Spread::new(turns.iter().map(|turn| turn.uploads.a_second).collect());
    let took = Spread::new(turns.iter().flat_map(|turn| turn.uploads.took_ms.iter().copied()).collect());
    format!(
        "{:.0}/s ({:.0} … {:.0}), p50 {:.1} ms, p99 {:.1} ms",
        rates.median(),
        rates.min(),
        rates.max(),
        took.median(),
        took.percentile(99)
    )
}

/// A new PocketBase in `folder`, with the collection `people`, in which anyone may create records.
fn start(program: &Path, folder: &PathBuf) -> anyhow::Result<Server> {
    let base = || {
        let mut command = Command::new(program);
        command.arg("--dir").arg(folder).stdout(Stdio::null());
        command
    };
    let made = base().args(["superuser", "upsert"]).args(SUPERUSER).status()?;
    ensure!(made.success(), "PocketBase made no superuser");
    let address = free_address()?;
    let child = base().args(["serve", "--http", &address.to_string()]).spawn()?;
    let server = Server::started(child, address);
    wait_for(address)?;
    let [identity, password] = SUPERUSER;
    let credentials = json!({ "identity": identity, "password": password });
    let path = "/api/collections/_superusers/auth-with-password";
    let answer = ask(address, path, &credentials, "")?;
    let token = answer["token"].as_str().context("PocketBase gave no token")?;
    ask(address, "/api/collections", &collection(), token)?;
    Ok(server)
}

fn collection() -> Value {
    json!({
        "name": "people",
        "type": "base",
        "createRule": "",
        "fields": [
            { "name": "name", "type": "text" },
            { "name": "email", "type": "email" },
            { "name": "avatar", "type": "file", "maxSelect": 1, "maxSize": 5_000_000 },
        ],
        "indexes": ["CREATE UNIQUE INDEX idx_email ON people (email)"],
    })
}

/// The body of the answer, which must be a success.
fn ask(address: SocketAddr, path: &str, body: &Value, token: &str) -> anyhow::Result<Value> {
    let answer = Client::connect(address)?.post_json(path, &body.to_string(), token)?;
    if answer.status != 200 {
        bail!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}

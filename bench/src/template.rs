//! `GET /users` on an emulated AWS, against the same API as a Python template (`bench/template`): Flask and boto3
//! under gunicorn. The emulator is a process of its own.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    path::Path,
    process::Command,
    thread,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    Bench,
    aws::Emulated,
    client::Client,
    create::PORTRAIT,
    nginx::{free_address, wait_for},
    pairs::{Spread, in_turn},
    proc::Meter,
    report::{RATIO, Report, Target},
    server::Server,
    wrk::{Load, load},
};

/// Where `bench/run.sh` installs it, in the folder `target`.
const PROGRAM: &str = "template/bin/gunicorn";
const APP: &str = include_str!("../template/app.py");
const USERS: usize = 100;
const PATH: &str = "/users";
const PAIRS: usize = 7;

/// A server under load, and the emulator meanwhile.
struct Side {
    load: Load,
    emulator_cores: f64,
}

impl Side {
    /// CPU time of the emulator for a request, in microseconds.
    fn emulator_us(&self) -> f64 {
        self.emulator_cores / self.load.requests_a_second * 1e6
    }
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let program = bench.target.join(PROGRAM);
    if !program.exists() {
        report.remark(
            "The template is left out: bench/run.sh installs its packages where Python is.".to_owned(),
        );
        return Ok(());
    }
    let folder = bench.folder.join("template");
    fs::create_dir_all(folder.join("objects"))?;
    let emulator = Server::emulator(&folder.join("objects"), USERS)?;
    let settings = Emulated::of(&emulator, folder.clone())?.settings();
    let roster = Server::roster_on_aws(bench, &settings)?;
    let template = start(&program, &folder, &settings)?;
    let created = Client::connect(template.address())?.post_form("/user", "ada@example.org", PORTRAIT)?;
    ensure!(created.status == 201, "the template created no user: {}", created.status);
    let listed = users(&roster, "/users?limit=1000")?;
    ensure!(listed.len() == USERS + 1 && listed == users(&template, PATH)?, "the lists differ");

    let pairs = in_turn(PAIRS, || side(&template, &emulator), || side(&roster, &emulator))?;
    let of = |value: fn(&(Side, Side)) -> f64| Spread::new(pairs.iter().map(value).collect());
    let rate = of(|(template, roster)| roster.load.requests_a_second / template.load.requests_a_second);
    let name = "`GET /users` of 101 users on AWS / Python template";
    report.figure(name, Target::AtLeast(20.0), &rate, RATIO);
    // Whatever the emulator takes.
    let cpu = of(|(template, roster)| template.load.server_us() / roster.load.server_us());
    let name = "the same, CPU of the server for a request: Python template / Roster";
    report.figure(name, Target::AtLeast(20.0), &cpu, RATIO);

    let (roster_us, emulator_us) =
        (of(|(_, roster)| roster.load.server_us()).median(), of(|(_, roster)| roster.emulator_us()).median());
    report.remark(format!(
        "`GET /users` on an emulated AWS: Roster {:.0} requests/s, p99 {:.1} ms; the template {:.0} and {:.1} \
         ms, with {} workers. CPU for a request: Roster {roster_us:.0} µs and the emulator {emulator_us:.0}; the \
         template {:.0} µs and the emulator {:.0}. Cores: Roster {:.2}, the emulator {:.2}, wrk {:.2}; the template \
         {:.2}, {:.2}, {:.2}.",
        of(|(_, roster)| roster.load.requests_a_second).median(),
        of(|(_, roster)| roster.load.p99_ms).median(),
        of(|(template, _)| template.load.requests_a_second).median(),
        of(|(template, _)| template.load.p99_ms).median(),
        workers(),
        of(|(template, _)| template.load.server_us()).median(),
        of(|(template, _)| template.emulator_us()).median(),
        of(|(_, roster)| roster.load.cpu.server_cores).median(),
        of(|(_, roster)| roster.emulator_cores).median(),
        of(|(_, roster)| roster.load.cpu.client_cores).median(),
        of(|(template, _)| template.load.cpu.server_cores).median(),
        of(|(template, _)| template.emulator_cores).median(),
        of(|(template, _)| template.load.cpu.client_cores).median(),
    ));
    report.remark(if emulator_us > roster_us {
        "The emulator takes more CPU than Roster, on the same cores: it is the bottleneck of Roster's side, and \
         the ratio of rates a lower bound."
            .to_owned()
    } else {
        "The emulator takes less CPU than Roster: it is not the bottleneck.".to_owned()
    });
    Ok(())
}

fn side(server: &Server, emulator: &Server) -> anyhow::Result<Side> {
    let meter = Meter::start(emulator.pid())?;
    let load = load(server, PATH)?;
    Ok(Side { load, emulator_cores: meter.stop()?.server_cores })
}

/// The template under gunicorn, with as many workers as cores and its logs in files.
fn start(program: &Path, folder: &Path, settings: &[(String, String)]) -> anyhow::Result<Server> {
    let setting = |name: &str| {
        let value = settings.iter().find_map(|(known, value)| (known == name).then_some(value));
        value.with_context(|| format!("the emulator has no {name}"))
    };
    fs::write(folder.join("app.py"), APP)?;
    let address = free_address()?;
    let child = Command::new(program.canonicalize()?)
        .args(["--workers", &workers().to_string(), "--bind", &address.to_string()])
        .args(["--access-logfile", "access.log", "--no-control-socket", "app:app"])
        .current_dir(folder)
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .env("AWS_DEFAULT_REGION", setting("AWS_REGION")?)
        .env("USERS_TABLE", setting("ROSTER_USERS_TABLE")?)
        .env("AVATARS_BUCKET", setting("ROSTER_AVATARS_BUCKET")?)
        .env("PUBLIC_URL", setting("ROSTER_PUBLIC_URL")?)
        .stderr(File::create(folder.join("gunicorn.log"))?)
        .spawn()?;
    let server = Server::started(child, address);
    wait_for(address)?;
    Ok(server)
}

fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The e-mails and names in a list.
fn users(server: &Server, path: &str) -> anyhow::Result<BTreeSet<(String, String)>> {
    let answer = Client::connect(server.address())?.get(path)?;
    ensure!(answer.status == 200, "{path}: {}", answer.status);
    let users: Vec<Value> = serde_json::from_slice(&answer.body)?;
    let text = |user: &Value, member: &str| user[member].as_str().unwrap_or_default().to_owned();
    Ok(users.iter().map(|user| (text(user, "email"), text(user, "name"))).collect())
}

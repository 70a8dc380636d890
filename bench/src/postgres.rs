//! The same requests on PostgreSQL and on SQLite, each in one process with its worker; and on PostgreSQL through the
//! HTTP cache of the chart, beside without.

use std::{
    fs::{self, File},
    net::SocketAddr,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::ensure;
use domain::{Email, Md5, UserId};

use crate::{
    Bench,
    client::Client,
    create::{PIXEL, PORTRAIT, Uploads, uploads},
    nginx::{free_address, wait_for},
    overload::until_none_waits,
    pairs::{Spread, in_turn},
    report::{RATIO, Report, Target},
    server::Server,
    wrk::{Load, load},
};

const USERS: usize = 1_000;
const LIST: &str = "/users?limit=100";
const PAIRS: usize = 5;
const RULES: &str = include_str!("../../helm/roster/files/cache/roster.vcl");
const PARAMETERS: &str = include_str!("../../helm/roster/files/cache/parameters");
/// Clients of the mix, its time, the users it is about, and one request in how many is a write.
const CLIENTS: usize = 8;
const TIME: Duration = Duration::from_secs(5);
const KNOWN: usize = 200;
const WRITE_IN: usize = 200;

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let Some(postgres) = postgres_server::Server::start_in(&bench.folder) else {
        report.remark("PostgreSQL is not there: apt-get install postgresql.".to_owned());
        return Ok(());
    };
    // That of the tests need not survive the machine.
    for setting in ["fsync", "autovacuum"] {
        postgres.sql("postgres", &format!("ALTER SYSTEM SET {setting} = on"));
    }
    postgres.sql("postgres", "SELECT pg_reload_conf()");
    ensure!(postgres.sql("postgres", "SHOW fsync") == "on", "PostgreSQL does not wait for the disk");

    let url = postgres.database();
    let on_postgres = start(bench, &url, free_address()?, "")?;
    let sqlite = format!("sqlite:{}", bench.folder.join("beside-postgres.db").display());
    let on_sqlite = start(bench, &sqlite, free_address()?, "")?;
    for server in [&on_postgres, &on_sqlite] {
        fill(server)?;
    }
    compare(&on_postgres, &on_sqlite, report)?;
    drop((on_postgres, on_sqlite));
    through_cache(bench, &url, report)
}

fn start(bench: &Bench, storage: &str, listen: SocketAddr, ban_url: &str) -> anyhow::Result<Server> {
    let listen = listen.to_string();
    let mut settings =
        vec![("ROSTER_STORAGE", storage), ("ROSTER_LISTEN", &listen), ("ROSTER_ENVIRONMENT", "bench")];
    if !ban_url.is_empty() {
        settings.push(("ROSTER_CACHE_BAN_URL", ban_url));
    }
    Server::roster_with(bench, &bench.folder.join("unused.db"), &["--worker"], &settings)
}

fn email(number: usize) -> String {
    format!("known{number}@example.org")
}

fn fill(server: &Server) -> anyhow::Result<()> {
    let mut client = Client::connect(server.address())?;
    for number in 0..USERS {
        client.create(&email(number), PIXEL)?;
    }
    until_none_waits(server)
}

fn compare(on_postgres: &Server, on_sqlite: &Server, report: &mut Report) -> anyhow::Result<()> {
    let avatar = format!("/avatar/{}?s=128", Md5::of(&Email::parse(&email(1))?));
    let reads = [LIST.to_owned(), format!("/users/{}", UserId::of(&Email::parse(&email(1))?)), avatar];
    for (path, name) in reads.iter().zip([LIST, "/users/{id}", "/avatar/{hash}?s=128"]) {
        let pairs = in_turn(PAIRS, || load(on_sqlite, path), || load(on_postgres, path))?;
        let rate = |of_postgres: bool| {
            let of = |(sqlite, postgres): &(Load, Load)| {
                if of_postgres { postgres.requests_a_second } else { sqlite.requests_a_second }
            };
            Spread::new(pairs.iter().map(of).collect())
        };
        let ratio =
            pairs.iter().map(|(sqlite, postgres)| postgres.requests_a_second / sqlite.requests_a_second);
        report.remark(format!(
            "`GET {name}`: {:.0}/s on PostgreSQL, {:.0}/s on SQLite, a ratio of {:.2}.",
            rate(true).median(),
            rate(false).median(),
            Spread::new(ratio.collect()).median(),
        ));
    }
    for clients in [1, 16] {
        let quiet = |server: &Server| {
            let uploads = uploads(server, PORTRAIT, clients)?;
            // So that its worker takes nothing from the other.
            until_none_waits(server)?;
            anyhow::Ok(uploads)
        };
        let pairs = in_turn(PAIRS, || quiet(on_sqlite), || quiet(on_postgres))?;
        let of = |value: fn(&(Uploads, Uploads)) -> f64| Spread::new(pairs.iter().map(value).collect());
        report.remark(format!(
            "`POST /user` of {} bytes, {clients} clients: {:.0}/s on PostgreSQL, {:.0}/s on SQLite, a ratio of {:.2}.",
            PORTRAIT.len(),
            of(|(_, postgres)| postgres.a_second).median(),
            of(|(sqlite, _)| sqlite.a_second).median(),
            of(|(sqlite, postgres)| postgres.a_second / sqlite.a_second).median(),
        ));
    }
    Ok(())
}

fn through_cache(bench: &Bench, storage: &str, report: &mut Report) -> anyhow::Result<()> {
    let [api_address, address, ban] = [free_address()?, free_address()?, free_address()?];
    let Some(cache) = varnish(bench, api_address, address, ban)? else {
        report.remark("Varnish is not there: apt-get install varnish.".to_owned());
        return Ok(());
    };
    let api = start(bench, storage, api_address, &format!("http://{ban}"))?;
    until_hit(&cache)?;
    let pairs = in_turn(PAIRS, || load(&api, LIST), || load(&cache, LIST))?;
    let ratios = pairs.iter().map(|(api, cache)| cache.requests_a_second / api.requests_a_second).collect();
    let name = "`GET /users?limit=100` on PostgreSQL: through the cache / the API alone";
    report.figure(name, Target::AtLeast(3.0), &Spread::new(ratios), RATIO);
    let (alone, cached): (Vec<_>, Vec<_>) =
        pairs.iter().map(|(api, cache)| (api.requests_a_second, cache.requests_a_second)).unzip();
    report.remark(format!(
        "`GET /users?limit=100`: {:.0}/s through the cache, {:.0}/s without.",
        Spread::new(cached).median(),
        Spread::new(alone).median(),
    ));
    let rates = (0..PAIRS).map(|round| hit_rate(&cache, round)).collect::<anyhow::Result<_>>()?;
    let name = "hits, of the requests of a read-heavy mix";
    report.figure(name, Target::AtLeast(0.95), &Spread::new(rates), RATIO);
    report.remark(format!(
        "The mix: {CLIENTS} clients; one request in {WRITE_IN} changes the name of one of {KNOWN} users, a quarter of \
         the others reads a list, a quarter a user, half an avatar by its hash."
    ));
    Ok(())
}

/// `varnishd` with the rules and parameters of the chart; `None` where it is not installed.
fn varnish(
    bench: &Bench,
    api: SocketAddr,
    address: SocketAddr,
    ban: SocketAddr,
) -> anyhow::Result<Option<Server>> {
    let folder = bench.folder.join("varnish");
    fs::create_dir_all(&folder)?;
    let known = match Command::new("varnishd").args(["-x", "parameter"]).output() {
        Err(_) => return Ok(None),
        Ok(output) => String::from_utf8(output.stdout)?,
    };
    let backend = format!(
        "vcl 4.1;\nbackend api {{ .host = \"{}\"; .port = \"{}\"; }}\nsub known_origin {{ unset req.http.Origin; }}\n\
         include \"roster.vcl\";\n",
        api.ip(),
        api.port()
    );
    fs::write(folder.join("roster.vcl"), RULES)?;
    fs::write(folder.join("default.vcl"), backend)?;
    let log = File::create(folder.join("log"))?;
    let mut command = Command::new("varnishd");
    command.args(["-F", "-j", "none", "-s", "malloc,64m", "-n"]).arg(folder.join("work"));
    command.arg("-f").arg(folder.join("default.vcl"));
    command.args(["-a", &format!("http={address}"), "-a", &format!("ban={ban}")]);
    command.args(["-p", &format!("vcl_path={}", folder.display())]);
    // An older one does not know all of them.
    let is_known = |line: &&str| {
        line.split_once('=').is_some_and(|(name, _)| known.lines().any(|line| line.trim() == name))
    };
    for parameter in PARAMETERS.lines().filter(|line| !line.starts_with('#')).filter(is_known) {
        command.args(["-p", parameter]);
    }
    let child = command.stdout(Stdio::null()).stderr(log).spawn()?;
    let server = Server::started(child, address);
    wait_for(address)?;
    Ok(Some(server))
}

/// Its child listens before it has the rules and a healthy API.
fn until_hit(cache: &Server) -> anyhow::Result<()> {
    let began = Instant::now();
    loop {
        let answer = Client::connect(cache.address())?.get(LIST);
        if answer.is_ok_and(|answer| answer.header("x-cache") == Some("hit")) {
            return Ok(());
        }
        ensure!(began.elapsed() < Duration::from_secs(20), "the cache has no hits");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Hits of all requests of the mix.
fn hit_rate(cache: &Server, round: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let address = cache.address();
    let client = move |of: usize| {
        let mut client = Client::connect(address)?;
        let (mut hits, mut requests, mut random) = (0_u32, 0_u32, of * 7_919 + round);
        while began.elapsed() < TIME {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (number, kind) = ((random >> 33) % KNOWN, random >> 45);
            let email = Email::parse(&email(number))?;
            requests += 1;
            let answer = if kind % WRITE_IN == 0 {
                client.patch(
                    &format!("/users/{}", UserId::of(&email)),
                    &format!(r#"{{"name":"{requests}"}}"#),
                )?
            } else {
                client.get(&match kind % 4 {
                    0 => LIST.to_owned(),
                    1 => format!("/users/{}", UserId::of(&email)),
                    _ => format!("/avatar/{}?s=128", Md5::of(&email)),
                })?
            };
            ensure!(answer.status == 200, "{}", answer.head);
            hits += u32::from(answer.header("x-cache") == Some("hit"));
        }
        anyhow::Ok((hits, requests))
    };
    let (mut hits, mut requests) = (0, 0);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|of| scope.spawn(move || client(of))).collect();
        clients.into_iter().try_for_each(|client| {
            let (hit, all) = client.join().expect("a client does not panic")?;
            (hits, requests) = (hits + hit, requests + all);
            anyhow::Ok(())
        })
    })?;
    ensure!(requests > 0, "no request in {TIME:?}");
    Ok(f64::from(hits) / f64::from(requests))
}

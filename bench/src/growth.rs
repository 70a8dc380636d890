//! The CPU time that each request costs the server with a thousand users, and with ten million.
//!
//! Requests are for the same number of users in each store, spread over all of it, so that the share of them that
//! a cache in front of the disk holds does not differ. Roster's own cache of renditions is off.

use std::{
    fs,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use domain::{Cursor, Email, Image, ImageFormat, Md5, Rendition, Size, UserId};

use crate::{
    Bench,
    client::{Answer, Client},
    disk,
    pairs::Spread,
    proc::Meter,
    report::{RATIO, Report, Target, megabytes},
    server::Server,
};

const FEWEST: usize = 1_000;
const SOME: usize = 100_000;
const MOST: usize = 10_000_000;
/// Users that are requested, of each store.
const SAMPLE: usize = 1_000;
const ROUNDS: usize = 5;
const CLIENTS: usize = 16;
const TIME: Duration = Duration::from_secs(2);
/// At most, of the file and of its log while it is filled.
const BYTES_PER_USER: u64 = 1_200;

/// 7 × 4 grey pixels, in 100 bytes.
const IMAGE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x07\0\0\0\x04\x08\0\0\0\0g\xadz\xa1\0\0\0+IDATx\x01\x01\
    \x20\0\xdf\xff\0\0\x1e<Zx\x96\xb4\0\x11/Mk\x89\xa7\xc5\0\"@^|\x9a\xb8\xd6\x003Qo\x8d\xab\xc9\xe7\xaa\x88\x0c\
    \xa3~\x8e\xddO\0\0\0\0IEND\xaeB`\x82";

type Path = fn(&Known) -> String;
const READS: [(&str, Path); 5] = [
    ("`GET /users?limit=100`", |_| "/users?limit=100".to_owned()),
    ("`GET /users?limit=100`, a page in the middle", |_| format!("/users?limit=100&cursor={}", middle())),
    ("`GET /users/{id}`", |user| format!("/users/{}", user.id)),
    ("`GET /avatar/{hash}`", |user| format!("/avatar/{}?s=128", user.md5)),
    ("`GET /avatars/…`", |user| user.image.clone()),
];
const WRITES: [&str; 3] = ["`POST /user`", "`PATCH /users/{id}`", "`DELETE /users/{id}`"];

/// A store, and the server on it.
struct Store {
    users: usize,
    file_bytes: u64,
    server: Server,
    known: Vec<Known>,
}

/// A user of a store.
struct Known {
    id: UserId,
    md5: Md5,
    /// The path of the image.
    image: String,
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let most = bench.most_users.unwrap_or(MOST);
    ensure!(most > 10 * FEWEST, "growth needs more than {} users", 10 * FEWEST);
    let needed = BYTES_PER_USER * u64::try_from(most)?;
    let free = disk::free_bytes(&bench.folder)?;
    eprintln!("{most} users take up to {:.1} GB of {:.1} that are free", giga(needed), giga(free));
    ensure!(needed < free, "the disk lacks {:.1} GB; `growth=1000000` takes a tenth", giga(needed - free));

    let sizes = [FEWEST, SOME.min(most / 10), most];
    let began = Instant::now();
    let stores = sizes.into_iter().map(|users| open(bench, users)).collect::<anyhow::Result<Vec<_>>>()?;
    let filled = began.elapsed();
    // For each round and store the costs of each request.
    let round = |number| stores.iter().map(|store| costs(store, number)).collect::<anyhow::Result<Vec<_>>>();
    let rounds = (0..ROUNDS).map(round).collect::<anyhow::Result<Vec<_>>>()?;

    let last = stores.len() - 1;
    let mut absolute = Vec::new();
    for (request, name) in READS.iter().map(|(name, _)| *name).chain(WRITES).enumerate() {
        let ratios = rounds.iter().map(|round| round[last][request] / round[0][request]).collect();
        let name_of_figure = format!("{name}: CPU with {} users / {}", power(most), power(FEWEST));
        report.figure(&name_of_figure, Target::AtMost(1.2), &Spread::new(ratios), RATIO);
        let of =
            |store: usize| Spread::new(rounds.iter().map(|round| round[store][request]).collect()).median();
        let costs: Vec<_> = (0..stores.len()).map(|store| format!("{:.0}", of(store))).collect();
        absolute.push(format!("{name} {}", costs.join(", ")));
    }
    let files: Vec<_> = stores.iter().map(|store| format!("{:.1}", megabytes(store.file_bytes))).collect();
    let sizes: Vec<_> = stores.iter().map(|store| power(store.users)).collect();
    report.remark(format!(
        "CPU of the server for a request, in µs, with {} users: {}. {CLIENTS} clients, {SAMPLE} users in turn, no \
         cache of renditions, no worker. The files have {} MB and took {:.0} s to fill.",
        sizes.join(", "),
        absolute.join("; "),
        files.join(", "),
        filled.as_secs_f64(),
    ));
    report.remark(disk::remark(&bench.folder)?);
    Ok(())
}

fn open(bench: &Bench, users: usize) -> anyhow::Result<Store> {
    eprintln!("filling a store with {users} users …");
    let file = bench.folder.join(format!("growth-{users}.db"));
    let image = Image::new(ImageFormat::Png, Bytes::from_static(IMAGE));
    // The one that is requested, so that no request makes one.
    let size = Size::new(128).context("128 is a size")?;
    storage::sqlite::fill_with(&file, users, &image, &[Rendition { size, image: image.clone() }])?;
    let server = Server::roster_with(bench, &file, &["--no-worker"], &[("ROSTER_CACHE_BYTES", "0")])?;
    let mut client = Client::connect(server.address())?;
    let known = (0..SAMPLE).map(|n| know(&mut client, &format!("user{}@example.org", n * users / SAMPLE)));
    let known = known.collect::<anyhow::Result<_>>()?;
    Ok(Store { users, file_bytes: fs::metadata(&file)?.len(), server, known })
}

fn know(client: &mut Client, email: &str) -> anyhow::Result<Known> {
    let email = Email::parse(email)?;
    let id = UserId::of(&email);
    let body = String::from_utf8(client.get(&format!("/users/{id}"))?.body)?;
    let image = body.split_once("/avatars/").and_then(|(_, rest)| rest.split('"').next());
    let image = format!("/avatars/{}", image.with_context(|| format!("no user in {body}"))?);
    Ok(Known { id, md5: Md5::of(&email), image })
}

/// The costs of each request, in µs of the server's CPU.
fn costs(store: &Store, round: usize) -> anyhow::Result<Vec<f64>> {
    let Store { server, known, .. } = store;
    let user = |number: usize| &known[number % SAMPLE];
    let mut costs = Vec::new();
    for (_, path) in READS {
        let read = |client: &mut Client, number| success(&client.get(&path(user(number)))?);
        costs.push(cost(server, usize::MAX, read)?.us);
    }
    let email = |number| format!("round{round}-{number}@example.org");
    let created = cost(server, usize::MAX, |client, number| client.create(&email(number), IMAGE).map(drop))?;
    let renamed = cost(server, usize::MAX, |client, number| {
        let patch = format!(r#"{{"name":"Round {round}, {number}"}}"#);
        success(&client.patch(&format!("/users/{}", user(number).id), &patch)?)
    })?;
    let deleted = cost(server, created.requests, |client, number| {
        let id = UserId::of(&Email::parse(&email(number))?);
        success(&client.delete(&format!("/users/{id}"))?)
    })?;
    costs.extend([created.us, renamed.us, deleted.us]);
    Ok(costs)
}

struct Cost {
    us: f64,
    requests: usize,
}

/// The server's CPU time for one request of many, which are numbered from 0 on.
fn cost(
    server: &Server,
    most: usize,
    request: impl Fn(&mut Client, usize) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Cost> {
    let next = AtomicUsize::new(0);
    let meter = Meter::start(server.pid())?;
    let began = Instant::now();
    let client = || {
        let mut client = Client::connect(server.address())?;
        // All that are to be deleted, however long it takes.
        while most < usize::MAX || began.elapsed() < TIME {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= most {
                break;
            }
            request(&mut client, number)?;
        }
        anyhow::Ok(())
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        clients.into_iter().try_for_each(|client| client.join().expect("a client does not panic"))
    })?;
    let cpu = meter.stop()?;
    let requests = next.into_inner().min(most);
    let us = cpu.elapsed.as_secs_f64() * cpu.server_cores * 1e6 / f64::from(u32::try_from(requests)?);
    Ok(Cost { us, requests })
}

fn success(answer: &Answer) -> anyhow::Result<()> {
    let Answer { status, head, .. } = answer;
    ensure!((200..300).contains(status), "{head}");
    Ok(())
}

/// Where half of the users are before, as their ids are hashes.
fn middle() -> Cursor {
    Cursor::User(UserId::from_bytes([0x80; 32]))
}

fn giga(bytes: u64) -> f64 {
    megabytes(bytes) / 1e3
}

/// A number as a power of ten, if it is one.
fn power(number: usize) -> String {
    match number {
        FEWEST => "10³".to_owned(),
        SOME => "10⁵".to_owned(),
        MOST => "10⁷".to_owned(),
        other => other.to_string(),
    }
}

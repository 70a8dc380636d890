//! What the embedded store costs, through its ports: `cargo run --release --example measure --features conformance
//! -- FOLDER [USERS]`. It leaves nothing behind.

#![allow(clippy::print_stdout, reason = "a program that prints its figures")]

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use bytes::Bytes;
use domain::{
    DisplayName, Email, Image, ImageFormat, NewAvatar, NewUser, Stores, Timestamp, UploadId, UserId,
};
use storage::{Config, Connection, Faults, sqlite};
use tokio::task::JoinSet;

/// Before the file that the program is to fill for itself.
const FILL: &str = "fill:";

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("FOLDER as the first argument");
    if let Some(file) = folder.strip_prefix(FILL) {
        let users = arguments.next().expect("USERS").parse().expect("USERS is a number");
        return sqlite::fill(Path::new(file), users).expect("a filled store");
    }
    let users = arguments.next().map_or(1_000_000, |text| text.parse().expect("USERS is a number"));
    let folder = Path::new(&folder).join(format!("roster-measure-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a new folder");

    if users > 0 {
        read(&folder.join("read.db"), users).await;
    }
    for (callers, bytes, faults) in [
        (1, 100_000, ""),
        (16, 100_000, ""),
        (1, 67, ""),
        (16, 67, ""),
        (1, 67, "sqlite.commit=slow:5ms"),
        (16, 67, "sqlite.commit=slow:5ms"),
    ] {
        write(&folder.join(format!("write-{callers}-{bytes}-{}.db", faults.len())), callers, bytes, faults)
            .await;
    }
    std::fs::remove_dir_all(&folder).expect("the folder of this run");
}

async fn connect(file: &Path, faults: &str) -> Connection {
    let mut options = sqlite::Options::new(file);
    options.faults = Faults::parse(faults).expect("rules");
    storage::connect(&Config::Sqlite(options)).await.expect("a store")
}

async fn read(file: &Path, users: usize) {
    let started = Instant::now();
    // In a process of its own: what it needs of memory is not to be seen in this one.
    let filling = Command::new(std::env::current_exe().expect("this program"))
        .arg(format!("{FILL}{}", file.display()))
        .arg(users.to_string())
        .status();
    assert!(filling.expect("this program runs again").success());
    let file_bytes = std::fs::metadata(file).expect("the file").len();
    report(&format!("fill {users} users, {file_bytes} bytes"), started.elapsed(), users);

    let connection = connect(file, "").await;
    let stores = connection.stores.clone();
    println!("resident after opening: {}", resident());
    let page = stores.users.list(None, 100).await.expect("a page");
    let first = Email::parse(page.users().next().expect("a user").email).expect("an address");
    let first = UserId::of(&first);
    each("health.check", 20_000, async || drop(stores.health.check().await.expect("healthy"))).await;
    let (second, mut next) = (page.next.clone(), page.next.clone());
    each("users.list of 100", 20_000, async || {
        let page = stores.users.list(next.take(), 100).await.expect("a page");
        assert!(page.users().len() <= 100);
        next = page.next;
    })
    .await;
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..16 {
        let (users, after) = (stores.users.clone(), second.clone());
        calls.spawn(async move {
            for _ in 0..2_000 {
                assert_eq!(users.list(after.clone(), 100).await.expect("a page").users().len(), 100);
            }
        });
    }
    calls.join_all().await;
    report("users.list of 100, 16 at once", started.elapsed(), 32_000);
    each("users.get", 20_000, async || drop(stores.users.get(&first).await.expect("a user"))).await;
    let created = stores.users.create(new_user(20_000)).await.expect("a user");
    let (domain::Created::Now(user) | domain::Created::Before(user)) = created;
    let key = *user.avatar.key().expect("this store keeps it");
    each("avatars.read of 20 kB", 20_000, async || {
        drop(stores.avatars.read(&key).await.expect("an image"));
    })
    .await;

    let started = Instant::now();
    let (mut met, mut after) = (0, None);
    loop {
        let page = stores.users.list(after, 1000).await.expect("a page");
        met += page.users().len();
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    report(&format!("walk over {met} users by 1000"), started.elapsed(), met);
    println!("resident after reading: {}", resident());
    connection.close().await;
}

async fn write(file: &Path, callers: usize, bytes: usize, faults: &str) {
    let connection = connect(file, faults).await;
    let started = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        calls.spawn(create_for(connection.stores.clone(), bytes, Duration::from_secs(4)));
    }
    let mut took: Vec<Duration> = calls.join_all().await.into_iter().flatten().collect();
    let elapsed = started.elapsed();
    took.sort_unstable();
    let of = |share: usize| took[took.len() * share / 100].as_micros();
    report(&format!("create of {bytes} bytes by {callers} {faults}"), elapsed, took.len());
    println!("    {} commits, p50 {} µs, p99 {} µs, {}", connection.commits(), of(50), of(99), resident());
    let log = file.with_extension("db-wal");
    println!("    log {} bytes", std::fs::metadata(log).map_or(0, |metadata| metadata.len()));
    connection.close().await;
}

async fn create_for(stores: Stores, bytes: usize, time: Duration) -> Vec<Duration> {
    let started = Instant::now();
    let mut took = Vec::new();
    while started.elapsed() < time {
        let new = new_user(bytes);
        let called = Instant::now();
        stores.users.create(new).await.expect("created");
        took.push(called.elapsed());
    }
    took
}

fn new_user(bytes: usize) -> NewUser {
    let upload = UploadId::new();
    NewUser {
        name: DisplayName::parse("Ada").expect("a name"),
        email: Email::parse(&format!("{upload}@example.org")).expect("an address"),
        avatar: NewAvatar::new(Image::new(ImageFormat::Jpeg, Bytes::from(vec![7; bytes])), None),
        created_at: Timestamp::UNIX_EPOCH,
        idempotency: None,
    }
}

async fn each(what: &str, times: usize, mut call: impl AsyncFnMut()) {
    let started = Instant::now();
    for _ in 0..times {
        call().await;
    }
    report(what, started.elapsed(), times);
}

fn report(what: &str, elapsed: Duration, times: usize) {
    let each = elapsed.as_secs_f64() / f64::from(u32::try_from(times).expect("few"));
    println!("{what}: {:.2} µs each, {:.0} a second", each * 1e6, 1.0 / each);
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or("unknown").to_owned()
}

//! All users of a table on an emulated AWS, streamed.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::ensure;
use emulator::{Endpoints, KEY, REGION};
use tokio::runtime::Runtime;

use crate::{
    Bench,
    client::Client,
    pairs::Spread,
    proc,
    report::{MEGABYTES, Report, Target, megabytes},
    server::Server,
};

const USERS: usize = 100_000;
const ROUNDS: usize = 3;
const TABLE: &str = "users";
const BUCKET: &str = "avatars";

/// A table with users, and a bucket, on emulators.
pub(crate) struct Emulated {
    endpoints: Endpoints,
    pub(crate) folder: PathBuf,
}

impl Emulated {
    /// In this process.
    pub(crate) async fn start(bench: &Bench, users: usize) -> anyhow::Result<Self> {
        Self::start_in(tempfile::Builder::new().prefix("aws-").tempdir_in(&bench.folder)?.keep(), users).await
    }

    /// Those of a process that [`serve`]s them.
    pub(crate) fn of(emulator: &Server, folder: PathBuf) -> anyhow::Result<Self> {
        let s3 = format!("http://{}", emulator.announced_address("S3 at")?);
        Ok(Self { endpoints: Endpoints { dynamodb: emulator.url(""), s3, sqs: None }, folder })
    }

    async fn start_in(folder: PathBuf, users: usize) -> anyhow::Result<Self> {
        let endpoints = Endpoints::start(&folder).await;
        let environment = "bench".parse()?;
        let config = endpoints.config();
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| anyhow::anyhow!(error);
        storage::aws::provision(&config, TABLE, BUCKET, &environment).await.map_err(failed)?;
        storage::aws::fill(&config, TABLE, users).await.map_err(failed)?;
        Ok(Self { endpoints, folder })
    }

    /// The settings of a process that uses it.
    pub(crate) fn settings(&self) -> Vec<(String, String)> {
        [
            ("ROSTER_STORAGE", "aws"),
            ("ROSTER_USERS_TABLE", TABLE),
            ("ROSTER_AVATARS_BUCKET", BUCKET),
            ("ROSTER_PUBLIC_URL", "https://users.example.org"),
            ("ROSTER_ENVIRONMENT", "bench"),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoints.dynamodb),
            ("AWS_ENDPOINT_URL_S3", &self.endpoints.s3),
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", KEY),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

/// Serves emulators with `users` users, whose files are in `folder`, until it is killed.
pub(crate) fn serve(folder: &Path, users: &str) -> anyhow::Result<()> {
    let users = users.parse()?;
    Runtime::new()?.block_on(async {
        let Endpoints { dynamodb, s3, .. } = Emulated::start_in(folder.to_owned(), users).await?.endpoints;
        println!("DynamoDB listens at {dynamodb} and S3 at {s3}");
        std::future::pending().await
    })
}

pub(crate) fn measure(bench: &Bench, report: &mut Report) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let emulated = runtime.block_on(Emulated::start(bench, USERS))?;
    let roster = Server::roster_on_aws(bench, &emulated.settings())?;
    ensure!(Client::connect(roster.address())?.get("/users?limit=1000")?.status == 200, "no page of users");
    let idle = proc::resident(roster.pid())?;
    let (mut grown, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        proc::forget_peak(roster.pid())?;
        let began = Instant::now();
        let users = count(&roster)?;
        ensure!(users == USERS, "the list has {users} users, not {USERS}");
        rates.push(f64::from(u32::try_from(users)?) / began.elapsed().as_secs_f64());
        grown.push(megabytes(proc::peak_resident(roster.pid())?.saturating_sub(idle)));
    }
    let grown = Spread::new(grown);
    report.figure("`GET /users`, 10⁵ items: peak memory above idle", Target::AtMost(32.0), &grown, MEGABYTES);
    report.remark(format!(
        "`GET /users` of {USERS} items: {:.0} users/s, most of the time in the emulator, which runs on the \
         same cores.",
        Spread::new(rates).median(),
    ));
    Ok(())
}

fn count(roster: &Server) -> anyhow::Result<usize> {
    let mut stream = TcpStream::connect(roster.address())?;
    stream.write_all(b"GET /users HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut buffer = vec![0; 256 * 1024];
    let mut users = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(users),
            // Each user is one object, and nothing else has a brace.
            count => users += memchr::memchr_iter(b'{', &buffer[..count]).count(),
        }
    }
}

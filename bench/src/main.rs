//! `roster-bench measure ROSTER [FIGURE…]` measures the binary ROSTER and prints a table in Markdown;
//! `roster-bench bare FILE TYPE` is the peer that serves a file from memory, `roster-bench thumbnails KIND
//! FOLDER FILE…` is Roster's side of the comparison with vipsthumbnail.
//!
//! | file | figure |
//! |---|---|
//! | `list` | a page of users, against a bare route |
//! | `stream` | all of a million users |
//! | `create` | durable uploads, also on a slow disk |
//! | `pocketbase` | uploads, against PocketBase; `worker`: with the worker and without |
//! | `postgres` | reads and uploads on PostgreSQL, against SQLite; and through the HTTP cache, against the API alone |
//! | `phone` | photographs of 48 megapixels: time and memory |
//! | `avatar` | an image, against nginx |
//! | `libravatar` | a picture by the hash of an e-mail, against nginx |
//! | `renditions` | squares from photographs, against vipsthumbnail; `quality`: how good they look |
//! | `events` | from an upload to its last rendition |
//! | `sweep` | a sweep over a million objects |
//! | `footprint` | memory, start, size |
//! | `telemetry` | the cost of metrics, log and traces |
//! | `functions` | the Lambda functions: size, start, cost of a request without its store |
//! | `overload` | uploads under load of pictures and events; `steady`: for ten minutes |
//! | `limit` | peak memory, and latency of new clients meanwhile |
//! | `growth` | the cost of each request with 10³, 10⁵ and 10⁷ users; `growth=USERS` for fewer |
//! | `aws` | all users of a table on an emulated AWS |
//! | `template` | a list of users on an emulated AWS, against a Python template |
//!
//! Each comparison is a ratio within one run, its sides taking turns. `server`, `nginx`, `bare`, `wrk`,
//! `client`, `proc` and `disk` start and watch the processes; `photograph` and `thumbnails` make pictures;
//! `pairs` and `report` hold the figures.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "prints its figures and its progress")]

mod avatar;
mod aws;
mod bare;
mod client;
mod create;
mod disk;
mod events;
mod footprint;
mod functions;
mod growth;
mod libravatar;
mod limit;
mod list;
mod nginx;
mod overload;
mod pairs;
mod phone;
mod photograph;
mod pocketbase;
mod postgres;
mod proc;
mod quality;
mod renditions;
mod report;
mod server;
mod stream;
mod sweep;
mod telemetry;
mod template;
mod thumbnails;
mod worker;
mod wrk;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use crate::report::Report;

/// Shared by all figures.
pub(crate) struct Bench {
    /// The measured binary.
    roster: PathBuf,
    /// The folder `target` that holds it.
    target: PathBuf,
    /// Files of this run, on the disk that holds the binary.
    folder: PathBuf,
    /// Of the largest store of `growth`, where it is not ten million.
    most_users: Option<usize>,
}

const GROWTH: &str = "growth";
/// They take ten minutes or more: measured only on request.
const ON_REQUEST: [&str; 2] = [GROWTH, "steady"];

type Figure = fn(&Bench, &mut Report) -> anyhow::Result<()>;

const FIGURES: [(&str, Figure); 21] = [
    ("footprint", footprint::measure),
    ("list", list::measure),
    ("avatar", avatar::measure),
    ("libravatar", libravatar::measure),
    ("renditions", renditions::measure),
    ("events", events::measure),
    ("sweep", sweep::measure),
    ("create", create::measure),
    ("pocketbase", pocketbase::measure),
    ("postgres", postgres::measure),
    ("phone", phone::measure),
    ("slow-disk", create::measure_slow_disk),
    ("stream", stream::measure),
    ("telemetry", telemetry::measure),
    ("functions", functions::measure),
    ("aws", aws::measure),
    ("template", template::measure),
    ("overload", overload::measure),
    ("limit", limit::measure),
    (GROWTH, growth::measure),
    ("steady", overload::measure_steady),
];

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["bare", file, content_type] => bare::serve(Path::new(file), content_type),
        ["emulate", folder, users] => aws::serve(Path::new(folder), users),
        ["thumbnails", kind, folder, files @ ..] => thumbnails::make(kind, Path::new(folder), files),
        ["measure", roster, wanted @ ..] => measure(Path::new(roster), wanted),
        _ => bail!(
            "usage: roster-bench measure ROSTER [FIGURE…] | bare FILE TYPE | thumbnails KIND FOLDER FILE…"
        ),
    }
}

fn measure(roster: &Path, wanted: &[&str]) -> anyhow::Result<()> {
    let most_users =
        wanted.iter().find_map(|name| name.strip_prefix("growth=")).map(str::parse).transpose()?;
    let wanted: Vec<&str> =
        wanted.iter().map(|name| if name.starts_with("growth=") { GROWTH } else { name }).collect();
    if let Some(unknown) = wanted.iter().find(|name| FIGURES.iter().all(|(known, _)| known != *name)) {
        bail!("unknown figure {unknown}; known are {:?}", FIGURES.map(|(name, _)| name));
    }
    let roster = roster.canonicalize().context("cannot find the binary ROSTER")?;
    let parent = roster.parent().context("the binary has no parent folder")?;
    let folder = tempfile::Builder::new().prefix("bench-").tempdir_in(parent)?;
    let target = parent.parent().context("the folder of the binary has no parent")?.to_owned();
    let bench = Bench { roster, target, folder: folder.path().to_owned(), most_users };
    let mut report = Report::default();
    let mut measured = Ok(());
    for (name, figure) in FIGURES {
        if (wanted.is_empty() && !ON_REQUEST.contains(&name)) || wanted.contains(&name) {
            eprintln!("measuring {name} …");
            measured = figure(&bench, &mut report).with_context(|| name);
            if measured.is_err() {
                break;
            }
        }
    }
    // With the figures before the one that failed.
    print!("{report}");
    measured
}

//! `roster sweep` and `roster claim` on the stores of AWS.

use std::path::{Path, PathBuf};

use emulator::Endpoints;
use tempfile::tempdir;

use crate::support::{
    aws::{blocking, on, put_item, stores},
    running::output,
};

/// How a command ended: exit code, output, and the last line of its log.
fn run(endpoints: &Endpoints, folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let mut command = on(endpoints, folder);
    // No event is sent: every image has its renditions.
    for queue in ["ROSTER_EVENTS_QUEUE_URL", "ROSTER_DEAD_LETTERS_URL"] {
        command.env(queue, "http://127.0.0.1:1/000000000000/none");
    }
    let ended = output(command.args(arguments));
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let log = text(ended.stderr);
    let last = log.lines().last().unwrap_or_default().to_owned();
    (ended.status.code().unwrap(), text(ended.stdout), last)
}

/// The bucket's marker, as a file of the emulator.
fn marker(objects: &Path) -> PathBuf {
    objects.join("avatars").join("roster.json")
}

/// Writes the marker, without the checksum that the emulator stores next to it.
fn mark(objects: &Path, text: &str) {
    std::fs::write(marker(objects), text).unwrap();
    for file in std::fs::read_dir(objects).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_some_and(|extension| extension == "json") {
            std::fs::remove_file(file).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_or_unmarked_bucket_ends_a_sweep_with_78() {
    let (endpoints, objects) = stores().await;
    let folder = tempdir().unwrap();
    blocking(move || {
        let (code, out, _) = run(&endpoints, folder.path(), &["sweep"]);
        assert_eq!(code, 0, "{out}");
        for (text, words) in [
            (
                r#"{"environment": "prod", "table": "users"}"#,
                "belongs to environment `prod`, but table `users` belongs to `test`",
            ),
            (
                r#"{"environment": "test", "table": "others"}"#,
                "belongs to table `others`, but this process uses table `users`",
            ),
        ] {
            mark(objects.path(), text);
            for arguments in [&["sweep"][..], &["sweep", "--dry-run", "--force"], &["claim"], &["serve"]] {
                let (code, _, line) = run(&endpoints, folder.path(), arguments);
                assert_eq!(code, 78, "{arguments:?}: {line}");
                assert!(line.starts_with("roster: ") && line.contains(words), "{line}");
            }
        }
        mark(objects.path(), "prod");
        let (code, _, line) = run(&endpoints, folder.path(), &["sweep"]);
        assert_eq!((code, line.contains("roster.json of bucket avatars is malformed")), (1, true), "{line}");

        std::fs::remove_file(marker(objects.path())).unwrap();
        let (code, _, line) = run(&endpoints, folder.path(), &["sweep", "--dry-run"]);
        assert_eq!((code, line.contains("`roster claim`")), (78, true), "{line}");
        let (code, out, line) = run(&endpoints, folder.path(), &["claim"]);
        assert_eq!((code, out.as_str()), (0, "the bucket belongs to this environment and table\n"), "{line}");
        let written = std::fs::read_to_string(marker(objects.path())).unwrap();
        assert_eq!(written, r#"{"environment":"test","table":"users"}"#);
        assert_eq!(run(&endpoints, folder.path(), &["sweep"]).0, 0);
        assert_eq!(run(&endpoints, folder.path(), &["claim"]).0, 0, "it is already marked");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_age_below_an_hour_is_refused_on_aws() {
    let (endpoints, _objects) = stores().await;
    let folder = tempdir().unwrap();
    blocking(move || {
        let (code, _, line) = run(&endpoints, folder.path(), &["sweep", "--older-than", "59m"]);
        assert_eq!((code, line.contains("at least 1h with aws")), (64, true), "{line}");
        assert_eq!(run(&endpoints, folder.path(), &["sweep", "--older-than", "1h"]).0, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_sweep_prints_where_to_resume() {
    let (endpoints, _objects) = stores().await;
    let folder = tempdir().unwrap();
    blocking(move || {
        put_item(&endpoints, r#"{"id": {"S": "1"}, "avatar_url": {"S": "https://example.org/1.png"}}"#);
        // The first scan collects images that items of other programs reference, the second finds users
        // without their image.
        let stopped = ["sweep", "--faults", "aws.scan=damaged*1@from:2"];
        let (code, out, line) = run(&endpoints, folder.path(), &stopped);
        assert_eq!(code, 1, "{line}");
        assert!(out.ends_with("resume with --from 'users'\n"), "{out}");
        assert!(line.starts_with("roster: stopped at users: "), "{line}");
        let (code, out, _) = run(&endpoints, folder.path(), &["sweep", "--from", "users"]);
        assert_eq!((code, out.starts_with("1 checked")), (0, true), "{out}");
    })
    .await;
}

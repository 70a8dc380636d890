//! The binary and its database file: which files it serves, and how it ends when its writer does.

use std::{fs, path::Path, process::Stdio};

use rusqlite::Connection;
use tempfile::{TempDir, tempdir};

use crate::support::{
    form::Form,
    pictures,
    running::{Running, command, output},
};

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("roster.db")).unwrap()
}

/// The two header bytes with the write and read version of the file: 2 for WAL.
fn mode(folder: &Path) -> [u8; 2] {
    fs::read(folder.join("roster.db")).unwrap()[18..20].try_into().unwrap()
}

/// A backup of a running Roster with one user, made as operators do.
fn backup() -> TempDir {
    let (source, folder) = (tempdir().unwrap(), tempdir().unwrap());
    let running = Running::start(source.path());
    assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    let copy = folder.path().join("roster.db");
    database(source.path()).execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    folder
}

/// The single line that a refused start prints.
fn refusal(folder: &Path) -> String {
    let refused = output(&mut command(folder));
    let line = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    line
}

#[test]
fn a_restored_backup_is_served_in_wal_mode_and_a_long_reader_blocks_no_upload() {
    let folder = backup();
    assert_eq!(mode(folder.path()), [1, 1]);
    let running = Running::start(folder.path());
    assert_eq!(mode(folder.path()), [2, 2]);
    let reader = database(folder.path());
    reader.execute_batch("BEGIN; SELECT * FROM users").unwrap();
    let (status, body) = running.create("bob@example.org", &pictures::small_jpeg()).unwrap();
    assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
    assert_eq!(running.users().len(), 2);
}

#[test]
fn a_file_that_cannot_use_wal_fails_the_start_with_one_line() {
    let folder = backup();
    fs::create_dir(folder.path().join("roster.db-shm")).unwrap();
    let line = refusal(folder.path());
    assert!(line.contains("roster.db is not in WAL mode and cannot be switched to it"), "{line}");
}

#[test]
fn a_file_of_a_later_release_fails_the_start_with_one_line_to_upgrade() {
    let folder = backup();
    let file = database(folder.path());
    let known: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    file.pragma_update(None, "user_version", known + 1).unwrap();
    drop(file);
    let line = refusal(folder.path());
    let words = format!(
        "has schema version {}, but this release supports versions up to {known}: upgrade Roster",
        known + 1
    );
    assert!(line.contains(&words), "{line}");
}

#[test]
fn a_panic_in_the_writer_fails_one_request_only() {
    let folder = tempdir().unwrap();
    let mut command = command(folder.path());
    command.env("ROSTER_FAULTS", "sqlite.insert_user=panic*1,sqlite.commit=panic*1@from:3");
    let running = Running::spawn(command.arg("--no-worker").stderr(Stdio::null()));
    let create =
        |who: &str| running.create(&format!("{who}@example.org"), &pictures::small_jpeg()).unwrap().0;
    let answers: Vec<_> = ["a", "b", "c", "d"].map(create).into_iter().collect();
    assert_eq!(answers, [503, 201, 503, 201]);
    assert_eq!((running.get("/readyz").0, running.users().len()), (200, 2));
}

#[test]
fn a_process_whose_writer_died_ends_with_the_reason() {
    let folder = tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = command(folder.path());
    command.env("ROSTER_FAULTS", "sqlite.commit=panic@from:2,sqlite.rollback=fail");
    command.arg("--no-worker").stderr(fs::File::create(&log).unwrap());
    let mut running = Running::spawn(&mut command);
    assert_eq!(running.create("a@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    // The response may be lost with the process.
    let lost =
        running.request("POST /user", &Form::user("B", "b@example.org", &pictures::small_jpeg()).bytes());
    assert!(lost.is_none_or(|(status, _)| status == 503));
    assert_eq!(running.child.wait().unwrap().code(), Some(1));
    let log_text = fs::read_to_string(&log).unwrap();
    assert_eq!(
        log_text.lines().last(),
        Some("roster: the store's writer stopped unexpectedly"),
        "{log_text}"
    );
}

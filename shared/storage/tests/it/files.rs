//! The files on the disk.

use std::{fs, os::unix::fs::PermissionsExt as _};

use storage::{Boundary, Config, conformance::sample, connect};

use crate::fixture::{open, options};

#[tokio::test]
async fn only_the_owner_can_read_the_files() {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    for suffix in ["", "-wal", "-shm", "-lock"] {
        let file = fixture.folder.path().join(format!("roster.db{suffix}"));
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
}

#[tokio::test]
async fn a_closed_store_is_one_file_and_its_lock() {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    fixture.connection.close().await;
    let mut names: Vec<_> =
        fixture.folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["roster.db", "roster.db-lock"]);
}

#[tokio::test]
async fn a_new_store_is_the_same_every_time() {
    let (first, second) = (open().await, open().await);
    let schema = "SELECT group_concat(sql, ';') FROM (SELECT sql FROM sqlite_schema ORDER BY name)";
    assert_eq!(first.query::<String>(schema), second.query::<String>(schema));
    for (pragma, expected) in [("application_id", 0x526f_7374_i64), ("user_version", 5), ("page_size", 8192)]
    {
        assert_eq!(first.query::<i64>(&format!("PRAGMA {pragma}")), expected, "{pragma}");
    }
    assert_eq!(first.query::<String>("PRAGMA journal_mode"), "wal");
}

#[tokio::test]
async fn an_empty_file_becomes_a_store() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("roster.db"), "").unwrap();
    assert!(connect(&Config::Sqlite(options(&folder)), Boundary::default()).await.unwrap().created);
}

#[tokio::test]
async fn leftovers_of_a_failed_first_start_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    for suffix in ["-new", "-new-journal", "-new-wal", "-new-shm"] {
        fs::write(folder.path().join(format!("roster.db{suffix}")), "half a database").unwrap();
    }
    let connection = connect(&Config::Sqlite(options(&folder)), Boundary::default()).await.unwrap();
    assert!(connection.created);
    sample::create_sample(&connection.stores, "ada").await;
}

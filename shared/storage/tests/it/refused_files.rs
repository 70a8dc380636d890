//! Files that must not be touched.

use std::{collections::BTreeMap, fs, os::unix::fs::FileExt as _, path::Path};

use rusqlite::Connection;
use storage::{
    Boundary, Config,
    conformance::sample,
    connect, connect_tool,
    sqlite::{OpenError, Options},
};
use tempfile::TempDir;

use crate::{
    fixture::{open, options},
    refusals::{assert_one_line, refusal},
};

/// Every file of the folder with its bytes.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_file())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect()
}

/// Why `serve` and a data tool are refused; the folder stays as it is, byte for byte.
async fn refused(folder: &TempDir) -> OpenError {
    let config = Config::Sqlite(options(folder));
    let before = contents(folder.path());
    let tool = connect_tool(&config, Boundary::default()).await.err().expect("a tool is refused");
    let serve = connect(&config, Boundary::default()).await.err().expect("serve is refused");
    assert_eq!(contents(folder.path()), before, "something was touched");
    assert_eq!(tool.to_string(), serve.to_string());
    assert!(serve.to_string().contains("roster.db"), "{serve}");
    assert_one_line(&serve);
    refusal(serve)
}

/// Why `serve` is refused because of what `SQLite` finds in the file; only the lock file is new.
async fn refused_inside(folder: &TempDir) -> OpenError {
    let before = contents(folder.path());
    let serve =
        connect(&Config::Sqlite(options(folder)), Boundary::default()).await.err().expect("serve is refused");
    fs::remove_file(folder.path().join("roster.db-lock")).unwrap();
    assert!(contents(folder.path()) == before, "something was touched");
    assert_one_line(&serve);
    refusal(serve)
}

fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("roster.db"), bytes).unwrap();
    folder
}

/// A closed store whose file was changed by `change`, without a lock beside it.
async fn closed_store(change: impl FnOnce(&Path)) -> TempDir {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    fixture.connection.close().await;
    let file = fixture.folder.path().join("roster.db");
    change(&file);
    fs::remove_file(fixture.folder.path().join("roster.db-lock")).unwrap();
    fixture.folder
}

fn cut(file: &Path, bytes: u64) {
    let length = fs::metadata(file).unwrap().len();
    fs::File::options().write(true).open(file).unwrap().set_len(length - bytes).unwrap();
}

#[tokio::test]
async fn a_file_of_another_kind_is_foreign() {
    for bytes in [&b"x"[..], b"SQLite format 3\0", &[0; 8192], &b"{\"users\": []}\n".repeat(100)] {
        assert!(matches!(refused(&folder_with(bytes)).await, OpenError::Foreign { .. }));
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_foreign() {
    for application in [0, 42] {
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(folder.path().join("roster.db")).unwrap();
        other.pragma_update(None, "application_id", application).unwrap();
        other.execute_batch("CREATE TABLE users (id TEXT)").unwrap();
        drop(other);
        assert!(matches!(refused(&folder).await, OpenError::Foreign { .. }));
    }
}

#[tokio::test]
async fn a_database_of_a_later_release_is_too_new() {
    let folder = closed_store(|file| {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
    })
    .await;
    assert!(matches!(refused(&folder).await, OpenError::TooNew { found: 99, known: 5, .. }));
}

#[tokio::test]
async fn a_database_that_lost_its_version_is_broken_in_one_line() {
    let folder = closed_store(|file| {
        let connection = Connection::open(file).unwrap();
        connection.pragma_update(None, "user_version", 0).unwrap();
    })
    .await;
    let refused = refused_inside(&folder).await;
    assert!(matches!(refused, OpenError::Broken { .. }));
    assert!(refused.to_string().contains("(table users already exists)"), "{refused}");
}

#[tokio::test]
async fn a_truncated_database_is_broken() {
    for bytes in [1, 8192, 3 * 8192] {
        let folder = closed_store(|file| cut(file, bytes)).await;
        assert!(matches!(refused(&folder).await, OpenError::Broken { .. }));
    }
}

fn root_page(file: &Path, name: &str) -> u64 {
    let connection = Connection::open(file).unwrap();
    let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?";
    connection.query_row(sql, [name], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
}

fn overwrite_page(file: &Path, page: u64) {
    let file = fs::File::options().write(true).open(file).unwrap();
    file.write_all_at(&[0xff; 8192], (page - 1) * 8192).unwrap();
}

#[tokio::test]
async fn a_database_with_a_table_or_index_that_cannot_be_read_is_broken() {
    for name in ["users", "users_by_md5", "images", "events", "events_by_user"] {
        let folder = closed_store(|file| overwrite_page(file, root_page(file, name))).await;
        assert!(matches!(refused_inside(&folder).await, OpenError::Broken { .. }), "{name}");
        let tool = connect_tool(&Config::Sqlite(options(&folder)), Boundary::default())
            .await
            .err()
            .map(refusal)
            .unwrap();
        assert!(matches!(tool, OpenError::Broken { .. }), "{name}");
    }
}

#[tokio::test]
async fn the_log_beside_a_damaged_database_is_kept() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    fixture.query::<i64>("PRAGMA wal_checkpoint(TRUNCATE)");
    // While a reader needs the old state, the log stays.
    let reader = Connection::open(fixture.file()).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM users").unwrap();
    fixture.stores.users.rename(&user, sample::name("New"), sample::time(1)).await.unwrap();

    let crashed = tempfile::tempdir().unwrap();
    for name in ["roster.db", "roster.db-wal"] {
        fs::copy(fixture.folder.path().join(name), crashed.path().join(name)).unwrap();
    }
    // A rename changes no event: this page is not in the log.
    let page = root_page(&fixture.file(), "events_by_user");
    overwrite_page(&crashed.path().join("roster.db"), page);
    let before = contents(crashed.path());
    assert!(!before["roster.db-wal"].is_empty());
    let refused =
        connect(&Config::Sqlite(options(&crashed)), Boundary::default()).await.err().map(refusal).unwrap();
    assert!(matches!(refused, OpenError::Broken { .. }), "{refused}");
    let after = contents(crashed.path());
    assert!(before.iter().all(|(name, bytes)| after.get(name) == Some(bytes)), "something was touched");
}

#[tokio::test]
async fn a_log_without_its_database_is_broken() {
    for log in ["-wal", "-journal"] {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(format!("roster.db{log}")), "what is left").unwrap();
        let refused = refused(&folder).await;
        assert!(matches!(refused, OpenError::Broken { .. }));
        assert!(refused.to_string().contains(log), "{refused}");
    }
}

#[tokio::test]
async fn a_folder_is_not_a_database() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("roster.db")).unwrap();
    let refused = refused(&folder).await;
    assert!(matches!(refused, OpenError::Io { .. }));
    assert!(refused.to_string().contains("directory"), "{refused}");
}

#[tokio::test]
async fn a_missing_folder_is_not_created() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing/roster.db");
    let refused =
        connect(&Config::Sqlite(Options::new(&file)), Boundary::default()).await.err().map(refusal).unwrap();
    assert!(matches!(refused, OpenError::Io { .. }));
    assert!(refused.to_string().contains("missing/roster.db"), "{refused}");
    assert!(!file.parent().unwrap().exists());
}

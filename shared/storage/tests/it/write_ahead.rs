//! Files that are not in WAL mode, such as a backup made by `VACUUM INTO`.

use std::{fs, path::Path};

use rusqlite::Connection;
use storage::{Boundary, Config, conformance::sample, connect, connect_tool, sqlite::OpenError};
use tempfile::TempDir;

use crate::{
    fixture::{open, open_in, options},
    refusals::{assert_one_line, refusal},
};

/// The two bytes of the header that say how the file is written and read: 1 for a journal, 2 for WAL.
fn mode(folder: &Path) -> [u8; 2] {
    fs::read(folder.join("roster.db")).unwrap()[18..20].try_into().unwrap()
}

/// A backup of a store with one user, where a store would be.
async fn backup() -> TempDir {
    let running = open().await;
    sample::create_sample(&running.stores, "ada").await;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("roster.db");
    let connection = Connection::open(running.file()).unwrap();
    connection.execute("VACUUM INTO ?", [copy.to_str().unwrap()]).unwrap();
    assert_eq!(mode(folder.path()), [1, 1]);
    folder
}

#[tokio::test]
async fn a_backup_is_served_in_wal_mode_where_a_reader_blocks_no_write() {
    let folder = backup().await;
    let options = options(&folder);
    let fixture = open_in(folder, options).await;
    assert_eq!(mode(fixture.folder.path()), [2, 2]);
    let reader = Connection::open(fixture.file()).unwrap();
    reader.busy_timeout(std::time::Duration::ZERO).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM users").unwrap();
    sample::create_sample(&fixture.stores, "bob").await;
    let seen: i64 = reader.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!((seen, fixture.counts()), (1, [2, 2, 2]), "the reader sees what it began with");
}

#[tokio::test]
async fn without_wal_mode_serve_is_refused_with_the_reason_and_nothing_is_lost() {
    let folder = backup().await;
    // In place of the file for the memory that connections share.
    fs::create_dir(folder.path().join("roster.db-shm")).unwrap();
    let refused = connect(&Config::Sqlite(options(&folder)), Boundary::default())
        .await
        .err()
        .expect("serve is refused");
    assert!(refused.to_string().contains("roster.db is not in WAL mode"), "{refused}");
    assert_one_line(&refused);
    assert!(matches!(refusal(refused), OpenError::NoWriteAheadLog { .. }));

    fs::remove_dir(folder.path().join("roster.db-shm")).unwrap();
    let options = options(&folder);
    assert_eq!(open_in(folder, options).await.counts(), [1, 1, 1]);
}

#[tokio::test]
async fn a_data_tool_works_on_a_backup_and_leaves_its_mode_to_serve() {
    let folder = backup().await;
    let tool = connect_tool(&Config::Sqlite(options(&folder)), Boundary::default()).await.unwrap();
    let user = sample::create_sample(&tool.stores, "bob").await;
    assert_eq!(mode(folder.path()), [1, 1]);

    // The tool may stay open: between two transactions it locks nothing.
    let options = options(&folder);
    let serve = open_in(folder, options).await;
    assert_eq!(mode(serve.folder.path()), [2, 2]);
    sample::assert_stored(&serve.stores, &user, &sample::image("image of bob")).await;
    sample::create_sample(&tool.stores, "eve").await;
    tool.close().await;
    assert_eq!(serve.counts(), [3, 3, 3]);
}

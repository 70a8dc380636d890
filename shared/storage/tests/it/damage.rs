//! Damage that is found while the store is open.

use std::{fs::File, os::unix::fs::FileExt as _};

use domain::Error;
use storage::conformance::sample;

use crate::fixture::open;

#[tokio::test]
async fn damage_found_by_a_read_is_reported_and_fails_the_health_check_for_good() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    fixture.stores.health.check().await.unwrap();
    let page: i64 = fixture.query("SELECT rootpage FROM sqlite_schema WHERE name = 'users'");
    // The pages in the main file are then the newest, and none of them is in a reader's memory.
    fixture.query::<i64>("PRAGMA wal_checkpoint(TRUNCATE)");
    let file = File::options().write(true).open(fixture.file()).unwrap();
    file.write_all_at(&[0xff; 8192], (page.cast_unsigned() - 1) * 8192).unwrap();
    drop(file);

    assert!(matches!(fixture.stores.users.get(&user.id).await, Err(Error::Damaged(_))));
    assert!(matches!(fixture.stores.health.check().await, Err(Error::Damaged(_))));
}

#[tokio::test]
async fn a_row_that_contradicts_itself_is_damage() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    let other = rusqlite::Connection::open(fixture.file()).unwrap();
    for (change, undo) in [("format = 9", "format = 2"), ("upload = x'00'", "upload = x'00'")] {
        other.execute(&format!("UPDATE users SET {change}"), []).unwrap();
        assert!(matches!(fixture.stores.users.get(&user.id).await, Err(Error::Damaged(_))), "{change}");
        assert!(matches!(fixture.stores.users.list(None, 10).await, Err(Error::Damaged(_))), "{change}");
        other.execute(&format!("UPDATE users SET {undo}"), []).unwrap();
    }
}

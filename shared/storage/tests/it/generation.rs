//! The generation, beyond what every store promises: unknown outcomes, other processes, and when there is none.

use std::time::{Duration, Instant};

use domain::{Environment, Error, Stores};
use storage::{Boundary, Config, conformance::sample};

use crate::fixture::{open, options};

fn generation(stores: &Stores) -> u64 {
    stores.users.generation().expect("this store knows")
}

#[tokio::test]
async fn a_write_of_unknown_outcome_has_changed_the_generation() {
    for fault in ["fail*1", "fail*1@after", "panic*1", "panic*1@after"] {
        let fixture = open().await;
        fixture.faults.set(&format!("sqlite.commit={fault}")).unwrap();
        let before = generation(&fixture.stores);
        let answer = fixture.stores.users.create(sample::new_user("ada")).await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{fault}: {answer:?}");
        assert_ne!(generation(&fixture.stores), before, "{fault}");
    }
}

#[tokio::test]
async fn a_commit_of_another_process_changes_the_generation_in_time() {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    let before = generation(&fixture.stores);
    let other = rusqlite::Connection::open(fixture.file()).unwrap();
    other.execute("UPDATE users SET name = 'Countess'", []).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while generation(&fixture.stores) == before {
        assert!(Instant::now() < deadline, "it was not noticed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn there_is_none_while_a_read_may_be_failed_on_purpose() {
    let fixture = open().await;
    for (rules, known) in [
        ("users.get=slow:1ms", false),
        ("users.find=unavailable*1", false),
        ("users.list=unavailable@from:9", false),
        ("users.create=unavailable,sqlite.commit=slow:1ms", true),
        ("", true),
    ] {
        fixture.faults.set(rules).unwrap();
        assert_eq!(fixture.stores.users.generation().is_some(), known, "{rules}");
    }
}

#[tokio::test]
async fn there_is_none_before_the_environment_is_verified_or_once_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::Sqlite(options(&folder));
    let expected = Some("prod".parse::<Environment>().unwrap());
    let boundary = Boundary { expected, ..Boundary::default() };
    let connection = storage::connect(&config, boundary).await.unwrap();
    let users = &connection.stores.users;
    assert_eq!(users.generation(), None);
    connection.guard.pass().await.unwrap();
    assert!(users.generation().is_some());

    let other = rusqlite::Connection::open(folder.path().join("roster.db")).unwrap();
    other.execute("UPDATE environment SET name = 'beta'", []).unwrap();
    assert!(matches!(connection.stores.health.check().await, Err(Error::WrongEnvironment(_))));
    assert_eq!(users.generation(), None);
}

#[tokio::test]
async fn there_is_none_once_the_store_is_damaged_or_closed_or_its_writer_ended() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    let other = rusqlite::Connection::open(fixture.file()).unwrap();
    other.execute("UPDATE users SET format = 9", []).unwrap();
    assert!(matches!(fixture.stores.users.get(&user.id).await, Err(Error::Damaged(_))));
    assert_eq!(fixture.stores.users.generation(), None);

    let fixture = open().await;
    let stores = fixture.stores.clone();
    assert!(stores.users.generation().is_some());
    fixture.connection.close().await;
    assert_eq!(stores.users.generation(), None);

    let fixture = open().await;
    fixture.faults.set("sqlite.commit=panic,sqlite.rollback=fail").unwrap();
    assert!(fixture.stores.users.create(sample::new_user("ada")).await.is_err());
    fixture.connection.died().await;
    fixture.faults.clear();
    while fixture.stores.users.generation().is_some() {
        tokio::task::yield_now().await;
    }
}

//! The tables of other releases.

use std::time::Duration;

use domain::{EmailHashes, Error, User};
use postgres_server::Server;
use storage::{
    conformance::{addresses, sample},
    postgres::{OpenError, Timing},
};

use tokio::task::JoinSet;

use super::fixture::{
    Fixture, boundary, config, config_with, database, impatient, open, open_at, open_with, refusal, until,
};

const SCHEMA: &str = "SELECT string_agg(table_name || '.' || column_name || ' ' || data_type, ', ' ORDER BY 1) \
    FROM information_schema.columns WHERE table_schema = 'public'";

#[tokio::test]
async fn a_second_start_changes_nothing() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let before = fixture.sql(SCHEMA);
    let again = open_at(fixture.server, fixture.url.clone()).await;
    assert!(!again.connection.created);
    assert_eq!(again.sql(SCHEMA), before);
    sample::assert_stored(&again.stores, &ada, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn the_tables_of_the_next_release_are_used_while_an_update_runs() {
    let Some(fixture) = open().await else { return };
    fixture.sql(
        "UPDATE roster_schema SET version = 2, usable_from = 1; ALTER TABLE users ADD COLUMN later text",
    );
    // A pod of this release that goes on, and one that starts again.
    let started = open_at(fixture.server, fixture.url.clone()).await;
    for (who, stores) in [("ada", &fixture.stores), ("bob", &started.stores)] {
        let user = sample::create_sample(stores, who).await;
        stores.users.rename(&user, sample::name("New"), sample::time(1)).await.unwrap();
    }
    assert_eq!(fixture.sql("SELECT version FROM roster_schema"), "2");
}

#[tokio::test]
async fn tables_that_only_a_later_release_can_use_are_refused_and_unchanged() {
    let Some(fixture) = open().await else { return };
    fixture.sql("UPDATE roster_schema SET version = 4, usable_from = 3");
    let before = fixture.sql(SCHEMA);
    for refused in [
        storage::connect(&config(&fixture.url), boundary()).await,
        storage::connect_tool(&config(&fixture.url), boundary()).await,
    ] {
        let error = refused.err().expect("refused");
        assert!(matches!(refusal(error), OpenError::TooNew { found: 4, known: 1, .. }));
    }
    assert_eq!(fixture.sql(SCHEMA), before);
}

#[tokio::test]
async fn a_user_of_an_earlier_release_is_found_once_it_is_indexed() {
    let Some(fixture) = open().await else { return };
    addresses::a_user_is_found_once_it_is_indexed(&fixture.stores, async |_| {
        fixture.sql("UPDATE users SET other_id = NULL, other_md5 = NULL");
    })
    .await;
}

#[tokio::test]
async fn twins_are_two_users_until_one_is_deleted() {
    let Some(fixture) = open().await else { return };
    addresses::twins_are_two_users_until_one_is_deleted(&fixture.stores, async |user, email| {
        let md5 = EmailHashes::of(&user.id, email).md5;
        fixture.sql(&format!(
            "UPDATE users SET email = '{}', md5 = '\\x{md5}', other_id = NULL, other_md5 = NULL WHERE id = '\\x{}'",
            email.as_str(),
            user.id
        ));
    })
    .await;
}

#[tokio::test]
async fn a_tool_creates_no_tables() {
    let Some(fixture) = open().await else { return };
    let url = fixture.server.database();
    let error = storage::connect_tool(&config(&url), boundary()).await.err().expect("refused");
    assert!(matches!(refusal(error), OpenError::Missing { .. }));
    assert_eq!(fixture.server.sql(super::fixture::database(&url), SCHEMA), "");
}

#[tokio::test]
async fn statements_that_were_prepared_before_a_migration_are_prepared_again() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await.id;
    // On every connection of the pool.
    let mut reads = JoinSet::new();
    for _ in 0..10 {
        let users = fixture.stores.users.clone();
        reads.spawn(async move { users.get(&ada).await.unwrap() });
    }
    reads.join_all().await;
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'roster'";
    assert!(fixture.sql(connections).parse::<u32>().unwrap() >= 10);
    fixture.sql("ALTER TABLE users ALTER COLUMN name TYPE varchar(300)");
    // The first read on one of them closes all that are idle, since they are outdated as well.
    let is_closed = async || {
        fixture.stores.users.get(&ada).await.unwrap();
        fixture.sql(connections).parse::<u32>().unwrap() <= 2
    };
    until("they stay open", is_closed).await;
}

/// A session that migrates, as another process does it: with the lock of migrations.
async fn migrating(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("SELECT pg_advisory_lock(1383035764)").await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_does_not_wait_for_a_migration_which_a_dropped_check_does_not_end() {
    let Some(server) = Server::shared() else { return };
    let url = server.database();
    let other = migrating(&url).await;
    let timing = Timing { start: Duration::ZERO, ..impatient() };
    let connection = storage::connect(&config_with(&url, timing), boundary()).await.unwrap();
    let health = &connection.stores.health;
    until_it_fails("another process is migrating its tables", async || health.check().await.map(drop)).await;
    let of_roster = "SELECT string_agg(pid::text, ',') FROM pg_stat_activity \
                     WHERE datname = current_database() AND application_name = 'roster'";
    let waits = server.sql(database(&url), of_roster);
    for _ in 0..3 {
        tokio::time::timeout(Duration::ZERO, health.check()).await.unwrap_err();
    }
    assert_eq!(server.sql(database(&url), of_roster), waits);
    drop(other);
    let tables = "SELECT count(*) FROM pg_tables WHERE tablename = 'users'";
    until("it does not go on", async || server.sql(database(&url), tables) == "1").await;
    until("it does not get ready", async || connection.guard.pass().await.is_ok()).await;
    sample::create_sample(&connection.stores, "ada").await;
}

/// Waits until a call fails for this reason.
async fn until_it_fails(words: &str, call: impl AsyncFn() -> Result<(), Error>) {
    until(words, async || call().await.is_err_and(|error| error.reason().contains(words))).await;
}

async fn reason(fixture: &Fixture, user: &User) -> Option<String> {
    match fixture.stores.users.get(&user.id).await {
        Ok(_) => None,
        Err(error @ Error::Unavailable(_)) => Some(error.reason()),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_a_restore_took_away_make_calls_unavailable_until_they_are_back() {
    let Some(fixture) = open_with(impatient()).await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql("ALTER SCHEMA public RENAME TO away; CREATE SCHEMA public");
    until_it_fails("restore a backup", async || fixture.stores.users.get(&ada.id).await.map(drop)).await;
    assert!(matches!(fixture.stores.health.check().await, Err(Error::Unavailable(_))));
    assert_eq!(fixture.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "0");
    fixture.sql("DROP SCHEMA public; ALTER SCHEMA away RENAME TO public");
    until("it does not recover", async || reason(&fixture, &ada).await.is_none()).await;
    fixture.stores.health.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_tables_that_only_a_later_release_can_use_refuse_every_call() {
    let Some(fixture) = open_with(impatient()).await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql("UPDATE roster_schema SET version = 4, usable_from = 3");
    until_it_fails("upgrade Roster", async || fixture.stores.health.check().await.map(drop)).await;
    assert!(reason(&fixture, &ada).await.unwrap().contains("upgrade Roster"));
    fixture.sql("UPDATE roster_schema SET version = 1, usable_from = 1");
    until("it does not recover", async || reason(&fixture, &ada).await.is_none()).await;
}

#[tokio::test]
async fn a_missing_table_makes_calls_unavailable() {
    let Some(fixture) = open_with(impatient()).await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql("DROP TABLE users");
    assert!(reason(&fixture, &ada).await.is_some());
}

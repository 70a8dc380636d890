//! The tables of other releases.

use domain::Error;
use storage::{
    conformance::{addresses, sample},
    postgres::OpenError,
};

use tokio::task::JoinSet;

use super::fixture::{boundary, config, open, open_at, refusal, until};

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
        "UPDATE roster_schema SET version = 3, usable_from = 1; ALTER TABLE users ADD COLUMN later text",
    );
    // A pod of this release that goes on, and one that starts again.
    let started = open_at(fixture.server, fixture.url.clone()).await;
    for (who, stores) in [("ada", &fixture.stores), ("bob", &started.stores)] {
        let user = sample::create_sample(stores, who).await;
        stores.users.rename(&user, sample::name("New"), sample::time(1)).await.unwrap();
    }
    assert_eq!(fixture.sql("SELECT version FROM roster_schema"), "3");
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
        assert!(matches!(refusal(error), OpenError::TooNew { found: 4, known: 2, .. }));
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

#[tokio::test]
async fn missing_tables_are_damage() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql("DROP TABLE users");
    assert!(matches!(fixture.stores.users.get(&ada.id).await, Err(Error::Damaged(_))));
}

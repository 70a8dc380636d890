//! The connections of a process.

use std::time::Duration;

use domain::Error;
use storage::conformance::sample;
use tokio::{task::JoinSet, time::timeout};

use super::fixture::{Fixture, open, until};

/// A read of users takes this long.
fn slow_down(fixture: &Fixture, seconds: u32) {
    fixture.sql(&format!(
        "ALTER TABLE users RENAME TO other; \
         CREATE VIEW users AS SELECT * FROM other WHERE pg_sleep({seconds}) IS NOT NULL"
    ));
}

#[tokio::test]
async fn writes_that_take_long_leave_connections_to_reads() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.faults.set("postgres.insert_event=slow:12s").unwrap();
    let mut writes = JoinSet::new();
    for n in 0..20 {
        let users = fixture.stores.users.clone();
        writes.spawn(async move { users.create(sample::new_user(&format!("user{n}"))).await });
    }
    let busy = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND state = 'idle in transaction'";
    until("7 writes are not at work", async || fixture.sql(busy) == "7").await;
    for _ in 0..20 {
        assert_eq!(fixture.stores.users.get(&ada.id).await.unwrap(), ada);
    }
    assert_eq!(fixture.sql(busy), "7");
}

#[tokio::test]
async fn writes_of_one_user_hold_one_connection() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.faults.set("postgres.update_user=slow:3s").unwrap();
    let mut writes = JoinSet::new();
    for n in 0..7 {
        let (users, ada) = (fixture.stores.users.clone(), ada.clone());
        writes.spawn(async move { users.rename(&ada, sample::name("New"), sample::time(n)).await });
    }
    let open = "SELECT count(*) FROM pg_stat_activity \
                WHERE datname = current_database() AND (state = 'idle in transaction' OR wait_event_type = 'Lock')";
    until("none is at work", async || fixture.sql(open) == "1").await;
    let answers = writes.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| matches!(answer, Ok(_) | Err(Error::Stale))), "{answers:?}");
    let connections = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND application_name = 'roster'";
    // One reads or notifies at the same time.
    assert!(fixture.sql(connections).parse::<u32>().unwrap() <= 4);
}

#[tokio::test]
async fn a_call_that_finds_no_free_connection_is_throttled() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    // Longer than a call waits, and shorter than a statement may take.
    slow_down(&fixture, 7);
    let mut reads = JoinSet::new();
    for _ in 0..20 {
        let users = fixture.stores.users.clone();
        reads.spawn(async move { users.get(&ada.id).await });
    }
    let answers = reads.join_all().await;
    let throttled = answers.iter().filter(|answer| matches!(answer, Err(Error::Throttled))).count();
    assert_eq!(throttled, 10, "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10, "{answers:?}");
}

#[tokio::test]
async fn a_cancelled_call_returns_no_connection_that_is_still_at_work() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    slow_down(&fixture, 9);
    let at_work = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event = 'PgSleep'";
    tokio::select! {
        answer = fixture.stores.users.get(&ada.id) => panic!("{answer:?}"),
        () = until("it is not at work", async || fixture.sql(at_work) == "1") => {}
    }
    // On each connection of the pool.
    for _ in 0..3 {
        let depth = fixture.tools.queue.as_ref().unwrap().depth();
        timeout(Duration::from_secs(5), depth).await.expect("a connection that is not at work").unwrap();
    }
    assert_eq!(fixture.sql(at_work), "1");
}

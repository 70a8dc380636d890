//! Events for the worker.

use domain::{AvatarStored, DecodedEvent, UploadId};
use storage::{conformance::sample, event_json::payload};

use std::time::Duration;

use rusqlite::Connection;

use crate::fixture::{open, open_in, options};

const EVENTS: &str = "SELECT coalesce(group_concat(kind || ' ' || hex(upload), ','), '') FROM events";

fn stored(uploads: &[UploadId]) -> String {
    let hex = |upload: &UploadId| upload.to_string().replace('-', "").to_uppercase();
    uploads.iter().map(|upload| format!("avatar.stored {}", hex(upload))).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn each_stored_image_has_one_event_from_the_transaction_that_stores_it() {
    let fixture = open().await;
    let first = sample::create_sample(&fixture.stores, "ada").await;
    let users = &fixture.stores.users;
    let renamed = users.rename(&first, sample::name("Countess"), sample::time(1)).await.unwrap();
    let new = sample::avatar("new");
    let upload = new.upload;
    users.replace_avatar(&renamed, new, sample::time(2)).await.unwrap();
    users.create(sample::new_user("ada")).await.unwrap_err();

    assert_eq!(fixture.query::<String>(EVENTS), stored(&[sample::key(&first).upload, upload]));
}

#[tokio::test]
async fn a_deleted_user_leaves_no_event_and_other_users_keep_theirs() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let bob = sample::create_sample(&fixture.stores, "bob").await;
    fixture.stores.users.delete(&ada).await.unwrap();
    assert_eq!(fixture.query::<String>(EVENTS), stored(&[sample::key(&bob).upload]));
}

#[tokio::test]
async fn an_event_of_a_killed_process_is_redelivered_at_once_and_counted() {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.clone().unwrap();
    let first = queue.receive(10).await.unwrap();
    assert_eq!((first.len(), first[0].receives), (1, 1));
    // Its lease lasts a minute, and its worker never comes back.
    let crate::fixture::Fixture { folder, connection, .. } = fixture;
    connection.close().await;
    let settings = options(&folder);
    let fixture = open_in(folder, settings).await;

    let again = fixture.tools.queue.as_ref().unwrap().receive(10).await.unwrap();
    assert_eq!((again.len(), again[0].receives, &again[0].event), (1, 2, &first[0].event));
}

#[tokio::test]
async fn a_worker_that_lost_its_event_cannot_acknowledge_it() {
    let fixture = open().await;
    sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.as_ref().unwrap();
    let late = queue.receive(1).await.unwrap().remove(0);
    queue.retry(&late, Duration::ZERO).await.unwrap();
    let now = queue.receive(1).await.unwrap().remove(0);
    queue.acknowledge(&late).await.unwrap();
    queue.dead_letter(&late, "late").await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.in_progress, depth.dead), (1, 0));
    queue.acknowledge(&now).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().in_progress, 0);
}

#[tokio::test]
async fn events_of_an_older_release_and_of_a_later_one_are_delivered() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    Connection::open(fixture.file())
        .unwrap()
        .execute_batch(
            "UPDATE events SET visible_at = 0;
             INSERT INTO events (kind, user, upload, format, created_at)
                 VALUES ('user.\"renamed\"', x'00', x'00', 9, 0);",
        )
        .unwrap();
    let mut payloads: Vec<_> = fixture
        .tools
        .queue
        .as_ref()
        .unwrap()
        .receive(10)
        .await
        .unwrap()
        .into_iter()
        .map(|delivery| (payload(&delivery), delivery.event))
        .collect();
    payloads.sort_by(|(one, _), (other, _)| one.cmp(other));
    let known = format!(r#"{{"kind":"avatar.stored","key":"{}"}}"#, sample::key(&ada));
    let stored = AvatarStored { key: sample::key(&ada), trace_parent: None };
    let unknown = DecodedEvent::poisoned("this release does not know the event kind");
    let expected = [(known, stored.into()), (r#"{"kind":"user.?renamed?"}"#.to_owned(), unknown)];
    assert_eq!(payloads, expected);
}

#[tokio::test]
async fn an_event_of_another_process_is_noticed_by_a_waiting_receive() {
    let fixture = open().await;
    let queue = fixture.tools.queue.clone().unwrap();
    let waits = tokio::spawn(async move { queue.receive(1).await });
    let tool = storage::connect_tool(&fixture.config(), storage::Boundary::default()).await.unwrap();
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    waits.await.unwrap().unwrap();
    let event = AvatarStored { key: sample::key(&ada), trace_parent: None };
    tool.tools.queue.as_ref().unwrap().send(&event).await.unwrap();
    let noticed = fixture.tools.queue.as_ref().unwrap().receive(1).await.unwrap();
    assert_eq!(noticed.len(), 1);
}

#[tokio::test]
async fn a_deleted_user_leaves_no_dead_letter() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.as_ref().unwrap();
    queue.dead_letter(&queue.receive(1).await.unwrap()[0], "poison").await.unwrap();
    fixture.stores.users.delete(&ada).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), domain::QueueDepth::default());
}

#[tokio::test]
async fn a_worker_cannot_acknowledge_a_later_event_of_another_user() {
    let fixture = open().await;
    let queue = fixture.tools.queue.as_ref().unwrap();
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let of_ada = queue.receive(1).await.unwrap().remove(0);
    fixture.stores.users.delete(&ada).await.unwrap();
    sample::create_sample(&fixture.stores, "bob").await;
    let of_bob = queue.receive(1).await.unwrap().remove(0);
    assert_ne!(of_ada.receipt, of_bob.receipt);
    queue.acknowledge(&of_ada).await.unwrap();
    queue.dead_letter(&of_ada, "late").await.unwrap();
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.in_progress, depth.dead), (1, 0));
}

#[tokio::test]
async fn the_trace_of_an_upload_stays_with_its_event() {
    let fixture = open().await;
    let (queue, dead) = (fixture.tools.queue.as_ref().unwrap(), fixture.tools.dead_letters.as_ref().unwrap());
    let mut new = sample::new_user("ada");
    let trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    new.avatar.trace_parent = Some(trace_parent.parse().unwrap());
    sample::create(&fixture.stores, new).await;
    let delivery = queue.receive(1).await.unwrap().remove(0);
    assert!(payload(&delivery).contains(trace_parent), "{delivery:?}");
    assert_eq!(delivery.event.stored[0].trace_parent, Some(trace_parent.parse().unwrap()));
    queue.dead_letter(&delivery, "away").await.unwrap();
    dead.redrive(&dead.receive().await.unwrap()[0]).await.unwrap();
    assert_eq!(queue.receive(1).await.unwrap()[0].event, delivery.event);
}

#[tokio::test]
async fn an_event_and_a_letter_that_a_clock_ahead_has_hidden_for_too_long_are_delivered_now() {
    let fixture = open().await;
    let (queue, dead) = (fixture.tools.queue.as_ref().unwrap(), fixture.tools.dead_letters.as_ref().unwrap());
    for who in ["ada", "bob"] {
        sample::create_sample(&fixture.stores, who).await;
    }
    let change = |sql: &str| Connection::open(fixture.file()).unwrap().execute_batch(sql).unwrap();
    // As after the clock was set back by an hour; the other event is to be retried in ten minutes.
    change("UPDATE events SET visible_at = unixepoch() * 1000 + iif(id = 1, 3600000, 600000)");
    let received = queue.receive(10).await.unwrap();
    assert_eq!(received.iter().map(|delivery| delivery.id.as_str()).collect::<Vec<_>>(), ["1"]);
    queue.dead_letter(&received[0], "poison").await.unwrap();
    assert_eq!(dead.receive().await.unwrap().len(), 1);
    assert_eq!(dead.receive().await.unwrap(), []);
    change("UPDATE dead_letters SET visible_at = unixepoch() * 1000 + 3600000");
    assert_eq!(dead.receive().await.unwrap().len(), 1);
}

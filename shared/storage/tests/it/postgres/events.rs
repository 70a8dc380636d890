//! Events for the worker.

use domain::{AvatarStored, DecodedEvent, UploadId};
use storage::{conformance::sample, event_json::payload};

use std::{future::poll_fn, task::Poll, time::Duration};

use super::fixture::{open, until};

const EVENTS: &str = "SELECT coalesce(string_agg(kind || ' ' || upper(encode(upload, 'hex')), ',' ORDER BY id), '') FROM events";

fn stored(uploads: &[UploadId]) -> String {
    let hex = |upload: &UploadId| upload.to_string().replace('-', "").to_uppercase();
    uploads.iter().map(|upload| format!("avatar.stored {}", hex(upload))).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn each_stored_image_has_one_event_from_the_transaction_that_stores_it() {
    let Some(fixture) = open().await else { return };
    let first = sample::create_sample(&fixture.stores, "ada").await;
    let users = &fixture.stores.users;
    let renamed = users.rename(&first, sample::name("Countess"), sample::time(1)).await.unwrap();
    let new = sample::avatar("new");
    let upload = new.upload;
    users.replace_avatar(&renamed, new, sample::time(2)).await.unwrap();
    users.create(sample::new_user("ada")).await.unwrap_err();

    assert_eq!(fixture.sql(EVENTS), stored(&[sample::key(&first).upload, upload]));
}

#[tokio::test]
async fn a_deleted_user_leaves_no_event_and_other_users_keep_theirs() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let bob = sample::create_sample(&fixture.stores, "bob").await;
    fixture.stores.users.delete(&ada).await.unwrap();
    assert_eq!(fixture.sql(EVENTS), stored(&[sample::key(&bob).upload]));
}

#[tokio::test]
async fn an_event_of_a_killed_worker_is_redelivered_after_its_lease_and_counted() {
    let Some(fixture) = open().await else { return };
    sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.clone().unwrap();
    let first = queue.receive(10).await.unwrap();
    assert_eq!((first.len(), first[0].receives), (1, 1));
    let hidden = "SELECT round((visible_at - extract(epoch FROM now()) * 1000) / 10000) FROM events";
    assert_eq!(fixture.sql(hidden), "6", "10 s");
    fixture.sql("UPDATE events SET visible_at = visible_at - 61000");
    let again = queue.receive(10).await.unwrap();
    assert_eq!((again.len(), again[0].receives, &again[0].event), (1, 2, &first[0].event));
}

#[tokio::test]
async fn a_worker_that_lost_its_event_cannot_acknowledge_it() {
    let Some(fixture) = open().await else { return };
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
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql(
        r#"UPDATE events SET visible_at = 0;
           INSERT INTO events (kind, user_id, upload, format, created_at, visible_at)
               VALUES ('user."renamed"', '\x00', '\x00', 9, 0, 0);"#,
    );
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
async fn a_dropped_receive_leaves_its_events_due_and_uncounted() {
    let Some(fixture) = open().await else { return };
    sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.as_ref().unwrap();
    // The server has delivered it, and the answer is on its way.
    fixture.faults.set("postgres.receive_events=slow:2s@after").unwrap();
    let mut receives = Box::pin(queue.receive(1));
    until("it is not delivered", async || {
        let pending = poll_fn(|cx| Poll::Ready(receives.as_mut().poll(cx).is_pending())).await;
        assert!(pending, "the answer came first");
        fixture.sql("SELECT is_delivered FROM events") == "t"
    })
    .await;
    drop(receives);
    fixture.faults.clear();
    until("it stays hidden", async || queue.depth().await.unwrap().waiting == 1).await;
    assert_eq!(queue.receive(1).await.unwrap()[0].receives, 1);
}

#[tokio::test]
async fn a_deleted_user_leaves_no_dead_letter() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let queue = fixture.tools.queue.as_ref().unwrap();
    queue.dead_letter(&queue.receive(1).await.unwrap()[0], "poison").await.unwrap();
    fixture.stores.users.delete(&ada).await.unwrap();
    assert_eq!(queue.depth().await.unwrap(), domain::QueueDepth::default());
}

#[tokio::test]
async fn a_worker_cannot_acknowledge_a_later_event_of_another_user() {
    let Some(fixture) = open().await else { return };
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
    let Some(fixture) = open().await else { return };
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

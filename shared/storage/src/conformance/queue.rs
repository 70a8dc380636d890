//! The queue of events, and its dead letters.

use std::time::Duration;

use domain::{AvatarStored, Delivery, ImageFormat, Stores, UploadId, UserId, queue::MAX_RECEIVES};

use super::sample::create_sample;
use crate::{
    adapter::Tools,
    event_json::{payload, write},
};

fn event() -> AvatarStored {
    let (user, upload) = (UserId::from_bytes([7; 32]), UploadId::new());
    AvatarStored { key: domain::AvatarKey { user, upload, format: ImageFormat::Png }, trace_parent: None }
}

async fn sent(tools: &Tools) -> AvatarStored {
    let event = event();
    tools.queue.as_ref().expect("a queue").send(&event).await.expect("sent");
    event
}

/// The next delivery; a queue may return none for a while.
async fn next(tools: &Tools) -> Delivery {
    loop {
        let mut received = tools.queue.as_ref().expect("a queue").receive(1).await.expect("received");
        assert!(received.len() <= 1, "more than was asked for");
        if let Some(delivery) = received.pop() {
            return delivery;
        }
    }
}

/// Waits until this many events wait, are in progress, and are dead-lettered: a queue may count a moment
/// later.
async fn until_depth(tools: &Tools, expected: [u64; 3]) {
    loop {
        let depth = tools.queue.as_ref().expect("a queue").depth().await.expect("a depth");
        if [depth.waiting, depth.in_progress, depth.dead] == expected {
            return;
        }
        tokio::task::yield_now().await;
    }
}

pub async fn an_event_is_delivered_as_it_was_sent(_: &Stores, tools: &Tools) {
    let event = sent(tools).await;
    until_depth(tools, [1, 0, 0]).await;
    let delivery = next(tools).await;
    assert_eq!((&delivery.event, delivery.receives), (&event.into(), 1));
    until_depth(tools, [0, 1, 0]).await;
    tools.queue.as_ref().expect("a queue").acknowledge(&delivery).await.expect("acknowledged");
    until_depth(tools, [0, 0, 0]).await;
}

pub async fn a_delivered_event_is_hidden_from_others(_: &Stores, tools: &Tools) {
    let first = sent(tools).await;
    assert_eq!(next(tools).await.event, first.into());
    let second = sent(tools).await;
    assert_eq!(next(tools).await.event, second.into());
}

pub async fn a_retried_event_is_redelivered_and_counted(_: &Stores, tools: &Tools) {
    sent(tools).await;
    let queue = tools.queue.as_ref().expect("a queue");
    for receives in 1..=MAX_RECEIVES {
        let delivery = next(tools).await;
        assert_eq!(delivery.receives, receives);
        queue.extend(&delivery).await.expect("extended");
        queue.retry(&delivery, Duration::ZERO).await.expect("retried");
    }
}

pub async fn a_postponed_event_is_redelivered_and_not_counted(_: &Stores, tools: &Tools) {
    let event = sent(tools).await;
    let queue = tools.queue.as_ref().expect("a queue");
    queue.retry(&next(tools).await, Duration::ZERO).await.expect("retried");
    let mut sent_at = None;
    for postponed in 0..=2 * MAX_RECEIVES {
        let delivery = next(tools).await;
        assert_eq!((&delivery.event, delivery.receives), (&event.into(), 2));
        assert_eq!(delivery.postponed, postponed);
        assert_eq!(*sent_at.get_or_insert(delivery.sent_at), delivery.sent_at, "its age goes on");
        queue.postpone(&delivery, Duration::ZERO).await.expect("postponed");
    }
    until_depth(tools, [1, 0, 0]).await;
    for receives in 2..=MAX_RECEIVES {
        let delivery = next(tools).await;
        assert_eq!(delivery.receives, receives);
        queue.retry(&delivery, Duration::ZERO).await.expect("retried");
    }
}

pub async fn a_dead_lettered_event_has_its_reason(_: &Stores, tools: &Tools) {
    let event = sent(tools).await;
    let (queue, dead) =
        (tools.queue.as_ref().expect("a queue"), tools.dead_letters.as_ref().expect("dead letters"));
    queue.dead_letter(&next(tools).await, "malformed event").await.expect("dead-lettered");
    until_depth(tools, [0, 0, 1]).await;

    let letters = dead.receive().await.expect("received");
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.delivery.event, event.into());
    assert_eq!(payload(&letter.delivery), write(&event));
    assert_eq!(letter.reason.as_deref(), Some("malformed event"));
    assert_eq!(dead.receive().await.expect("none"), []);

    dead.release(&letters).await.expect("released");
    let letters = dead.receive().await.expect("received again");
    assert_eq!(letters.len(), 1);
    dead.redrive(&letters[0]).await.expect("sent again");
    let delivery = next(tools).await;
    assert_eq!((delivery.event, delivery.receives), (event.into(), 1));
    until_depth(tools, [0, 1, 0]).await;
}

pub async fn events_are_dead_lettered_one_after_the_other(_: &Stores, tools: &Tools) {
    let queue = tools.queue.as_ref().expect("a queue");
    for dead in 1..=3 {
        sent(tools).await;
        queue.dead_letter(&next(tools).await, "malformed event").await.expect("dead-lettered");
        until_depth(tools, [0, 0, dead]).await;
    }
}

pub async fn a_removed_dead_letter_is_gone(_: &Stores, tools: &Tools) {
    sent(tools).await;
    let (queue, dead) =
        (tools.queue.as_ref().expect("a queue"), tools.dead_letters.as_ref().expect("dead letters"));
    queue.dead_letter(&next(tools).await, "in the way").await.expect("dead-lettered");
    for letter in dead.receive().await.expect("received") {
        dead.remove(&letter).await.expect("removed");
    }
    until_depth(tools, [0, 0, 0]).await;
}

pub async fn an_event_wakes_a_waiting_receive(_: &Stores, tools: &Tools) {
    let waiting = tools.clone();
    let waits = tokio::spawn(async move { next(&waiting).await });
    let event = sent(tools).await;
    assert_eq!(waits.await.expect("a delivery").event, event.into());
}

/// For a store that writes events itself, and for one whose bucket sends notifications, where that is set up.
pub async fn a_stored_image_has_an_event(stores: &Stores, tools: &Tools) {
    let user = create_sample(stores, "ada").await;
    let event = next(tools).await.event;
    let keys: Vec<_> = event.stored.iter().map(|image| image.key).collect();
    assert_eq!((keys, event.poison), (vec![super::sample::key(&user)], None));
}

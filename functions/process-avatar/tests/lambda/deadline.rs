//! A batch answers before Lambda kills the function.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use aws_lambda_events::sqs::SqsEvent;
use domain::{AvatarStored, Delivery, Error, EventQueue, QueueDepth, Timestamp};
use process_avatar::{Processor, batch};
use runtime::{Config, Services, Telemetry};
use storage::{Boundary, Faults};
use tokio::time::Instant;

use crate::{batch as batch_of, notification};

/// Collects what is postponed and dead-lettered; never answers for one event.
struct Postponed {
    events: Mutex<Vec<String>>,
    dead: Mutex<Vec<String>>,
    silent_for: Option<&'static str>,
    /// When the first was postponed.
    since: Mutex<Option<Instant>>,
}

#[async_trait]
impl EventQueue for Postponed {
    async fn receive(&self, _: usize) -> Result<Vec<Delivery>, Error> {
        unreachable!("Lambda receives")
    }

    async fn extend(&self, _: &Delivery) -> Result<(), Error> {
        unreachable!("Lambda has a timeout instead")
    }

    async fn acknowledge(&self, _: &Delivery) -> Result<(), Error> {
        unreachable!("nothing is done in time")
    }

    async fn retry(&self, _: &Delivery, _: Duration) -> Result<(), Error> {
        unreachable!("it does not count")
    }

    async fn postpone(&self, delivery: &Delivery, _: Duration) -> Result<(), Error> {
        self.since.lock().unwrap().get_or_insert_with(Instant::now);
        if self.silent_for == Some(delivery.id.as_str()) {
            std::future::pending::<()>().await;
        }
        self.events.lock().unwrap().push(delivery.id.clone());
        Ok(())
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        assert_eq!(reason, "failed 5 times; last error: it takes longer than a batch may");
        self.dead.lock().unwrap().push(delivery.id.clone());
        Ok(())
    }

    async fn send(&self, _: &AvatarStored) -> Result<(), Error> {
        unreachable!("nothing is sent")
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        unreachable!("nothing is counted")
    }
}

/// Failed, postponed, and dead-lettered events of batches of three of this age, delivered so many times, whose every read
/// takes longer than all the time of a batch.
async fn answers(
    age: Duration,
    receives: u32,
    batches: &[(u64, Option<&'static str>)],
) -> Vec<[Vec<String>; 3]> {
    let folder = tempfile::tempdir().unwrap();
    let file =
        storage::Config::parse(&format!("sqlite:{}", folder.path().join("roster.db").display())).unwrap();
    let faults = Faults::parse("avatars.read_upload=slow:200s").unwrap();
    let connection = storage::connect(&file, Boundary { faults, ..Boundary::default() }).await.unwrap();
    let config = Config::read(|_| None).unwrap();
    let services = Services::new(&config, connection.stores.clone(), None, Telemetry::off());
    let processor = Processor::new(&services);
    let key = "avatars/0707070707070707070707070707070707070707070707070707070707070707/\
               01a1fead-27e1-7117-89ea-4a83108ba05c.jpg";
    let bodies = vec![notification(key); 3];
    let mut event: SqsEvent = serde_json::from_str(&batch_of(&bodies, receives)).unwrap();
    let sent_at = Timestamp::now() - age;
    for message in &mut event.records {
        message.attributes.insert("SentTimestamp".to_owned(), sent_at.as_millisecond().to_string());
    }
    connection.guard.pass().await.unwrap();
    tokio::time::pause();
    let mut answers = Vec::new();
    for &(seconds, silent_for) in batches {
        let queue = Arc::new(Postponed {
            events: Mutex::default(),
            dead: Mutex::default(),
            silent_for,
            since: Mutex::default(),
        });
        let (began, time) = (Instant::now(), Duration::from_secs(seconds));
        let answer = batch(queue.clone(), processor.clone(), None, event.clone(), began + time).await;
        assert!(began.elapsed() <= time, "{:?} of {time:?}", began.elapsed());
        let since = queue.since.lock().unwrap().unwrap() - began;
        let reserved = (time / 3).min(Duration::from_secs(5));
        // Timers end up to a millisecond late.
        assert!(since + reserved <= time + Duration::from_millis(1), "after {since:?} of {time:?}");
        let failed = answer.batch_item_failures.into_iter().map(|failure| failure.item_identifier);
        let mut postponed = queue.events.lock().unwrap().clone();
        postponed.sort();
        let dead = queue.dead.lock().unwrap().clone();
        answers.push([failed.collect(), postponed, dead]);
    }
    tokio::time::resume();
    answers
}

fn ids(numbers: &[u32]) -> Vec<String> {
    numbers.iter().map(|number| format!("message-{number}")).collect()
}

#[tokio::test]
async fn events_without_time_are_postponed_and_only_those_that_cannot_be_are_failures() {
    let answers =
        answers(Duration::from_hours(23), 5, &[(30, None), (30, Some("message-1")), (3, None)]).await;
    let all = [ids(&[]), ids(&[0, 1, 2]), ids(&[])];
    assert_eq!(answers, [all.clone(), [ids(&[1]), ids(&[0, 2]), ids(&[])], all]);
}

#[tokio::test]
async fn an_event_of_a_day_ago_that_has_all_the_time_of_a_batch_and_is_not_done_has_failed() {
    let a_day = Duration::from_hours(25);
    assert_eq!(answers(a_day, 4, &[(30, None)]).await, [[ids(&[0]), ids(&[1, 2]), ids(&[])]]);
    let last = answers(a_day, 5, &[(30, None)]).await;
    assert_eq!(last, [[ids(&[]), ids(&[1, 2]), ids(&[0])]], "the fifth time it is a dead letter");
}

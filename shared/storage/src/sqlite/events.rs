//! The queue of events: rows of the same file.

pub(super) mod statements;
pub(super) mod stored;

use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AvatarStored, DeadLetter, DeadLetters, Delivery, Error, EventQueue, QueueDepth, Timestamp,
    queue::{ExistingLetters, LEASE},
};
use tokio::time::{Instant, timeout_at};

use super::{reads, store::Store};
use crate::sql::Receipt;

/// How long a call waits for an event.
const WAIT: Duration = Duration::from_secs(20);

/// How often a waiting call polls for events of another process, such as `roster events redrive`. Commits of
/// this process wake it at once.
const POLL: Duration = Duration::from_secs(1);

#[async_trait]
impl EventQueue for Store {
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        let end = Instant::now() + WAIT;
        loop {
            // Before the read: a commit between the two is not missed.
            let committed = self.committed.notified();
            let now = Timestamp::now();
            let next = self.read(move |connection| reads::next_event(connection, now)).await?;
            if next.is_some_and(|at| at <= now.as_millisecond()) {
                let received = self.write(0, move |tx| statements::receive(tx, max, now)).await?;
                if !received.is_empty() {
                    return Ok(received);
                }
                continue;
            }
            if Instant::now() >= end {
                return Ok(Vec::new());
            }
            let due =
                next.and_then(|at| u64::try_from(at - now.as_millisecond()).ok()).map(Duration::from_millis);
            let poll = Instant::now() + due.unwrap_or(POLL).min(POLL);
            let _ = timeout_at(poll.min(end), committed).await;
        }
    }

    async fn extend(&self, delivery: &Delivery) -> Result<(), Error> {
        let (event, until) = (Receipt::of(delivery)?, statements::after(Timestamp::now(), LEASE));
        self.write(0, move |tx| statements::hide(tx, &event, until, true)).await
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error> {
        let event = Receipt::of(delivery)?;
        self.write(0, move |tx| statements::acknowledge(tx, &event)).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        let (event, until) = (Receipt::of(delivery)?, statements::after(Timestamp::now(), after));
        self.write(0, move |tx| statements::hide(tx, &event, until, false)).await
    }

    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        let (event, until) = (Receipt::of(delivery)?, statements::after(Timestamp::now(), after));
        self.write(0, move |tx| statements::postpone(tx, &event, until)).await
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        let (event, reason) = (Receipt::of(delivery)?, reason.to_owned());
        self.write(0, move |tx| statements::dead_letter(tx, &event, &reason)).await
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        let (event, now) = (*event, Timestamp::now());
        self.write(0, move |tx| stored::avatar_stored(tx, &event, now)).await
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        let now = Timestamp::now();
        self.read(move |connection| reads::depth(connection, now)).await
    }
}

#[async_trait]
impl DeadLetters for Store {
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
        let now = Timestamp::now();
        self.write(0, move |tx| statements::receive_dead_letters(tx, now)).await
    }

    async fn existing(&self) -> Result<ExistingLetters, Error> {
        Ok(ExistingLetters::First(self.depth().await?.dead))
    }

    async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        let (ids, until) = (ids_of(letters)?, statements::after(Timestamp::now(), LEASE));
        self.write(0, move |tx| statements::hide_dead_letters(tx, &ids, until)).await
    }

    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        let ids = ids_of(letters)?;
        self.write(0, move |tx| statements::hide_dead_letters(tx, &ids, 0)).await
    }

    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error> {
        let (letter, now) = (Receipt::of(&letter.delivery)?.id, Timestamp::now());
        self.write(0, move |tx| statements::redrive(tx, letter, now)).await
    }

    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error> {
        let letter = Receipt::of(&letter.delivery)?.id;
        self.write(0, move |tx| statements::remove(tx, letter)).await
    }
}

fn ids_of(letters: &[DeadLetter]) -> Result<Vec<i64>, Error> {
    letters.iter().map(|letter| Receipt::of(&letter.delivery).map(|receipt| receipt.id)).collect()
}

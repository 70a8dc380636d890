//! The queue of events: rows of the same database.

pub(super) mod statements;
pub(super) mod stored;
pub(super) mod wake;

use std::{mem, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    AvatarStored, DeadLetter, DeadLetters, Delivery, Error, EventQueue, QueueDepth, queue::ExistingLetters,
};
use tokio::{
    runtime::Handle,
    sync::oneshot,
    time::{Instant, timeout_at},
};
use tracing::Instrument as _;

use super::{database::Database, store::Store};
use crate::sql::Receipt;

/// An event that is due and not delivered is being taken by another worker.
const SHORTEST: Duration = Duration::from_millis(20);

/// Events that the server counts as delivered, until their caller has them: dropped before, they are due again.
struct Received {
    database: Arc<Database>,
    deliveries: Vec<Delivery>,
}

impl Received {
    /// Runs to its end, even if the caller goes away.
    async fn receive(database: &Arc<Database>, max: usize) -> Result<Self, Error> {
        let database = database.clone();
        let (send, received) = oneshot::channel();
        let receive = async move {
            let deliveries = statements::receive(&database, max).await;
            drop(send.send(deliveries.map(|deliveries| Self { database, deliveries })));
        };
        tokio::spawn(receive.in_current_span());
        received.await.unwrap_or_else(|panicked| Err(Error::unavailable(panicked)))
    }

    fn deliver(mut self) -> Vec<Delivery> {
        mem::take(&mut self.deliveries)
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        let (database, deliveries) = (self.database.clone(), mem::take(&mut self.deliveries));
        if let (false, Ok(runtime)) = (deliveries.is_empty(), Handle::try_current()) {
            runtime.spawn(async move {
                for delivery in deliveries {
                    // If it fails, the event is due when its lease ends.
                    if let Ok(event) = Receipt::of(&delivery) {
                        let _ = statements::postpone(&database, event, Duration::ZERO).await;
                    }
                }
            });
        }
    }
}

#[async_trait]
impl EventQueue for Store {
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        self.wake.listen();
        let end = Instant::now() + self.timing.wait;
        loop {
            // Before the read: an event that is added between the two is not missed.
            let added = self.wake.notified();
            let received = Received::receive(&self.database, max).await?.deliver();
            if !received.is_empty() || Instant::now() >= end {
                return Ok(received);
            }
            let poll = self.timing.poll;
            let due = statements::next_due_in(&self.database).await?.unwrap_or(poll);
            let poll = Instant::now() + due.max(SHORTEST).min(poll);
            let _ = timeout_at(poll.min(end), added).await;
        }
    }

    async fn extend(&self, delivery: &Delivery) -> Result<(), Error> {
        statements::extend(&self.database, Receipt::of(delivery)?).await
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error> {
        statements::acknowledge(&self.database, Receipt::of(delivery)?).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        statements::retry(&self.database, Receipt::of(delivery)?, after).await
    }

    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        statements::postpone(&self.database, Receipt::of(delivery)?, after).await
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        statements::dead_letter(&self.database, Receipt::of(delivery)?, reason).await
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        stored::send(&self.database, event).await?;
        self.wake.event_added();
        Ok(())
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        statements::depth(&self.database).await
    }
}

#[async_trait]
impl DeadLetters for Store {
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
        statements::receive_dead_letters(&self.database).await
    }

    async fn existing(&self) -> Result<ExistingLetters, Error> {
        Ok(ExistingLetters::First(self.depth().await?.dead))
    }

    async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        for letter in letters {
            statements::extend_dead_letter(&self.database, Receipt::of(&letter.delivery)?.id).await?;
        }
        Ok(())
    }

    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        for letter in letters {
            statements::release(&self.database, Receipt::of(&letter.delivery)?.id).await?;
        }
        Ok(())
    }

    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error> {
        statements::redrive(&self.database, Receipt::of(&letter.delivery)?.id).await?;
        self.wake.event_added();
        Ok(())
    }

    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error> {
        statements::remove(&self.database, Receipt::of(&letter.delivery)?.id).await
    }
}

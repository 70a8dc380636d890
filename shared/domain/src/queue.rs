//! What a queue of events must promise.

use std::time::Duration;

use async_trait::async_trait;

use crate::{AvatarStored, DeadLetter, Delivery, Error, QueueDepth};

/// Events that wait to be worked: each is handed out at least once, in no promised order, until it is settled or buried.
///
/// Every method may fail with [`Error::Unavailable`], [`Error::Throttled`] and [`Error::Damaged`].
#[async_trait]
pub trait EventQueue: Send + Sync {
    /// Up to `max` events (1 to 10), hidden from other workers for [`LEASE`]. Waits for the first one up to 20 s, and then
    /// answers none. An event that comes while it waits is handed out at once. Dropped while it waits, it loses nothing.
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error>;

    /// Hides the event for another [`LEASE`] from now on.
    async fn extend(&self, delivery: &Delivery) -> Result<(), Error>;

    /// The event is done.
    async fn settle(&self, delivery: &Delivery) -> Result<(), Error>;

    /// Delivers the event again, not before so much time has passed: this time counts.
    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error>;

    /// The same, and this time does not count: what failed was not the event.
    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error>;

    /// Gives the event up, with the reason: it becomes a dead letter.
    async fn bury(&self, delivery: &Delivery, reason: &str) -> Result<(), Error>;

    /// Adds an event.
    async fn send(&self, event: &AvatarStored) -> Result<(), Error>;

    /// How much waits.
    async fn depth(&self) -> Result<QueueDepth, Error>;
}

/// How long an event that was handed out is hidden from other workers.
pub const LEASE: Duration = Duration::from_mins(1);

/// How many times an event may fail by itself before it becomes a dead letter.
pub const MAX_RECEIVES: u32 = 5;

/// What a message carries beside the event where the queue, and not Roster, counts deliveries: a message that was postponed is a
/// new one to such a queue.
pub mod attribute {
    /// [`Delivery::receives`](crate::Delivery::receives) of the message before, less the one that does not count.
    pub const FAILURES: &str = "failures";
    /// [`Delivery::postponed`](crate::Delivery::postponed).
    pub const POSTPONED: &str = "postponed";
    /// [`Delivery::sent_at`](crate::Delivery::sent_at), in milliseconds since the epoch.
    pub const SENT_AT: &str = "sent_at";
}

/// Events that nobody works any more.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Some that this call, and no other of the last [`LEASE`], has taken: none once all were. Not before that time does
    /// anybody else see them, unless they are [put back](Self::put_back).
    async fn take(&self) -> Result<Vec<DeadLetter>, Error>;

    /// Leaves them as they were.
    async fn put_back(&self, letters: &[DeadLetter]) -> Result<(), Error>;

    /// Sends it to the workers again, with its receives counted anew.
    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error>;

    /// Forgets it.
    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error>;
}

//! The contract of an event queue.

use std::time::Duration;

use async_trait::async_trait;

use crate::{AvatarStored, DeadLetter, Delivery, Error, QueueDepth, Timestamp};

/// Events to process: each is delivered at least once, in no guaranteed order, until it is acknowledged or
/// dead-lettered.
///
/// Every method may fail with [`Error::Unavailable`], [`Error::Throttled`] and [`Error::Damaged`].
#[async_trait]
pub trait EventQueue: Send + Sync {
    /// Up to `max` events (1 to 10), hidden from other workers for [`LEASE`]. Waits up to 20 s for the first
    /// one, then returns none. An event that arrives while it waits is delivered at once. Dropping the future
    /// while it waits loses no event.
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error>;

    /// Extends the lease of the event: another [`LEASE`] from now.
    async fn extend(&self, delivery: &Delivery) -> Result<(), Error>;

    /// Acknowledges the event: it is done.
    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error>;

    /// Redelivers the event after at least `after`. This delivery counts towards [`MAX_RECEIVES`].
    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error>;

    /// The same, but this delivery does not count: the failure was not caused by the event.
    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error>;

    /// Dead-letters the event, with the reason.
    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error>;

    /// Adds an event.
    async fn send(&self, event: &AvatarStored) -> Result<(), Error>;

    /// Number of events in the queue.
    async fn depth(&self) -> Result<QueueDepth, Error>;
}

/// How long a delivered event is hidden from other workers.
pub const LEASE: Duration = Duration::from_mins(1);

/// Maximum failures caused by the event itself before it is dead-lettered.
pub const MAX_RECEIVES: u32 = 5;

/// Attributes of a message where the queue, and not Roster, counts deliveries: to such a queue a postponed
/// message is a new one.
pub mod attribute {
    /// [`Delivery::receives`](crate::Delivery::receives) of the previous message, minus the delivery that
    /// does not count.
    pub const FAILURES: &str = "failures";
    /// [`Delivery::postponed`](crate::Delivery::postponed).
    pub const POSTPONED: &str = "postponed";
    /// [`Delivery::sent_at`](crate::Delivery::sent_at), in milliseconds since the epoch.
    pub const SENT_AT: &str = "sent_at";
}

/// The dead letters that existed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExistingLetters {
    /// This many, and others come after them.
    First(u64),
    /// Those whose event was sent before, by the clock of the queue: it cannot count them exactly. An event that is sent
    /// again later has a later time.
    SentBefore(Timestamp),
}

/// Events that failed for good and are no longer delivered.
#[async_trait]
pub trait DeadLetters: Send + Sync {
    /// Some dead letters that no other call has received within the last [`LEASE`]; none once all were
    /// received, and perhaps once before. They are hidden from other callers for that time unless [released](Self::release).
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error>;

    /// Which dead letters exist now.
    async fn existing(&self) -> Result<ExistingLetters, Error>;

    /// Extends their leases: another [`LEASE`] from now. Letters whose lease has ended are left out.
    async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error>;

    /// Releases them unchanged. Letters whose lease has ended are left out.
    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error>;

    /// Sends it to the workers again, with its receive count reset.
    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error>;

    /// Deletes it.
    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error>;
}

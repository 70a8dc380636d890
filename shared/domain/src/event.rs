//! Events: each stored image is reported to the worker at least once.

use crate::{AvatarKey, Timestamp, TraceParent};

/// An image was stored and needs its renditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvatarStored {
    /// The image.
    pub key: AvatarKey,
    /// The trace that its upload was part of.
    pub trace_parent: Option<TraceParent>,
}

/// What an event is about, as its queue's adapter decoded it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DecodedEvent {
    /// The images that were stored.
    pub stored: Vec<AvatarStored>,
    /// Why the rest could not be decoded, if there is any: it never will be.
    pub poison: Option<String>,
}

impl DecodedEvent {
    /// An event that cannot be decoded at all.
    pub fn poisoned(why: impl Into<String>) -> Self {
        Self { stored: Vec::new(), poison: Some(why.into()) }
    }
}

impl From<AvatarStored> for DecodedEvent {
    fn from(stored: AvatarStored) -> Self {
        Self { stored: vec![stored], poison: None }
    }
}

/// An event as a queue delivers it: hidden from other workers for [`LEASE`](crate::queue::LEASE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Identifies the event, for people and logs.
    pub id: String,
    /// Identifies this delivery: the queue needs it to acknowledge the event.
    pub receipt: String,
    /// What it is about.
    pub event: DecodedEvent,
    /// The text that the queue carries, where it carries text.
    pub raw: Option<String>,
    /// How many times it was delivered, including this time but not the times after which it was postponed.
    pub receives: u32,
    /// How many times it was postponed.
    pub postponed: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// An event that is no longer delivered until an operator redrives or drops it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event, as last delivered.
    pub delivery: Delivery,
    /// Why it was dead-lettered, where that is known.
    pub reason: Option<String>,
}

/// Number of events in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Events that wait for a worker, including those whose retry is not due yet.
    pub waiting: u64,
    /// Events that a worker is processing.
    pub in_progress: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest waiting or in-progress event was sent, where the queue reports that.
    pub oldest: Option<Timestamp>,
}

//! Events: each stored image is reported to the worker at least once.

use std::fmt;

use crate::{AvatarKey, Timestamp, TraceParent};

/// An image was stored and needs its renditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvatarStored {
    /// The image.
    pub key: AvatarKey,
    /// The trace that its upload was part of.
    pub trace_parent: Option<TraceParent>,
}

/// The payload in a queue: JSON, `{"kind":"avatar.stored","key":"avatars/…","traceparent":"00-…"}`;
/// `traceparent` only where it is known.
impl fmt::Display for AvatarStored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Nothing in it needs escaping: digits, letters, hyphens, slashes and a dot.
        write!(f, r#"{{"kind":"avatar.stored","key":"{}""#, self.key)?;
        if let Some(place) = self.trace_parent {
            write!(f, r#","traceparent":"{place}""#)?;
        }
        f.write_str("}")
    }
}

/// An event as a queue delivers it: hidden from other workers for [`LEASE`](crate::queue::LEASE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Identifies the event, for people and logs.
    pub id: String,
    /// Identifies this delivery: the queue needs it to acknowledge the event.
    pub receipt: String,
    /// The payload as sent: an [`AvatarStored`] from Roster, a notification from S3.
    pub payload: String,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageFormat, UploadId, UserId};

    #[test]
    fn an_event_has_a_traceparent_only_where_it_is_known() {
        let key = AvatarKey {
            user: UserId::from_bytes([0; 32]),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        let mut event = AvatarStored { key, trace_parent: None };
        assert_eq!(event.to_string(), format!(r#"{{"kind":"avatar.stored","key":"{key}"}}"#));
        let place = TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: true };
        event.trace_parent = Some(place);
        assert!(event.to_string().ends_with(&format!(r#"","traceparent":"{place}"}}"#)));
    }
}

//! Events: a stored image, told to the worker at least once.

use std::fmt;

use crate::{AvatarKey, Timestamp, TraceParent};

/// An image was stored, and wants its renditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AvatarStored {
    /// The image.
    pub key: AvatarKey,
    /// What its upload was part of.
    pub trace_parent: Option<TraceParent>,
}

/// As a queue carries it: JSON, `{"kind":"avatar.stored","key":"avatars/…","traceparent":"00-…"}`, the last where it is
/// known.
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

/// An event as a queue hands it out: hidden from other workers for [`LEASE`](crate::queue::LEASE).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Names the event, for people and logs.
    pub id: String,
    /// Names this delivery of it: what the queue wants to hear when it is settled.
    pub receipt: String,
    /// What is told, as it was sent: by Roster [`AvatarStored`], by S3 a notification.
    pub payload: String,
    /// How many times it was delivered, this time included, but for those after which it was postponed.
    pub receives: u32,
    /// How many times it was postponed.
    pub postponed: u32,
    /// When it was sent.
    pub sent_at: Timestamp,
}

/// An event that nobody works any more, until someone decides about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The event, as it was last handed out.
    pub delivery: Delivery,
    /// Why it was given up, where that is known.
    pub reason: Option<String>,
}

/// How much waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueDepth {
    /// Events that wait for a worker, for their time to be tried again included.
    pub waiting: u64,
    /// Events that a worker has.
    pub in_progress: u64,
    /// Dead letters.
    pub dead: u64,
    /// When the oldest of those that wait or are worked was sent, where the queue can tell.
    pub oldest: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageFormat, UploadId, UserId};

    #[test]
    fn an_event_is_told_with_what_is_known() {
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

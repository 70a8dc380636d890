//! What is known of something once it has ended.

use std::time::Duration;

use domain::UserId;
use http::StatusCode;

use super::Scope;

/// A request, as metrics, spans and logs report it.
pub struct EndedRequest<'a> {
    /// One of the methods of HTTP, or `_OTHER`.
    pub method: &'static str,
    /// The template; `None` if no route matches the path.
    pub route: Option<&'a str>,
    /// `499` if the client disconnected before the response.
    pub status: StatusCode,
    pub duration: Duration,
    /// Bytes of the response's body.
    pub sent_bytes: u64,
    pub request_id: &'a str,
    pub user: Option<UserId>,
    /// The end of the problem's type.
    pub problem: Option<&'static str>,
    /// The format of an image that was accepted.
    pub uploaded: Option<&'static str>,
    /// Why an image was refused.
    pub refused: Option<&'static str>,
    pub scope: &'a Scope,
}

/// How the processing of an event ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventOutcome {
    /// Nothing is left to do.
    Done,
    /// It will be redelivered, and this delivery does not count.
    Postponed,
    /// It failed, and will be redelivered.
    Retried,
    /// It was dead-lettered.
    Dead,
}

impl EventOutcome {
    /// As metrics, spans and logs name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Postponed => "postponed",
            Self::Retried => "retried",
            Self::Dead => "dead",
        }
    }
}

/// An event whose processing has ended.
pub(crate) struct EndedEvent<'a> {
    #[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only spans have it"))]
    pub(crate) id: &'a str,
    pub(crate) outcome: EventOutcome,
    pub(crate) duration: Duration,
    /// Since the event was sent.
    pub(crate) age: Duration,
    pub(crate) user: Option<UserId>,
    pub(crate) scope: &'a Scope,
}

/// An operation that was done for a request, as spans report it.
pub struct ChildSpan {
    pub kind: ChildKind,
    /// `users.create`, `clean`.
    pub name: &'static str,
    pub duration: Duration,
    pub error: Option<&'static str>,
}

/// What was done.
#[derive(Clone, Copy)]
pub enum ChildKind {
    /// A call of a store.
    Store,
    /// Work on an image.
    Image,
}

/// Milliseconds to the microsecond, up to an hour: more digits would be noise in every line.
pub fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

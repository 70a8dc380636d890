//! What is known of something once it has ended.

use std::time::Duration;

use axum::http::StatusCode;
use domain::UserId;

use super::Scope;

/// A request, as metrics, spans and logs report it.
pub(crate) struct Ended<'a> {
    /// One of the methods of HTTP, or `_OTHER`.
    pub(crate) method: &'static str,
    /// The template; `None` if no route matches the path.
    pub(crate) route: Option<&'a str>,
    /// `499` if the client disconnected before the response.
    pub(crate) status: StatusCode,
    pub(crate) duration: Duration,
    /// Bytes of the response's body.
    pub(crate) sent_bytes: u64,
    pub(crate) request_id: &'a str,
    pub(crate) user: Option<UserId>,
    /// The end of the problem's type.
    pub(crate) problem: Option<&'static str>,
    /// The format of an image that was accepted.
    pub(crate) uploaded: Option<&'static str>,
    /// Why an image was refused.
    pub(crate) refused: Option<&'static str>,
    pub(crate) scope: &'a Scope,
}

/// An operation that was done for a request, as spans report it.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "without the feature there are no spans"))]
pub(crate) struct Child {
    pub(crate) work: Work,
    /// `users.create`, `clean`.
    pub(crate) name: &'static str,
    pub(crate) duration: Duration,
    pub(crate) error: Option<&'static str>,
}

/// What was done.
#[derive(Clone, Copy)]
pub(crate) enum Work {
    /// A call of a store.
    Store,
    /// Work on an image.
    Image,
}

/// Milliseconds to the microsecond, up to an hour: more digits would be noise in every line.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    f64::from(u32::try_from(duration.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

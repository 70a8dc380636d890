//! Observing the calls of stores.

use std::time::Duration;

use crate::{Error, Operation};

/// Sees every call of the stores that `storage::connect` hands out.
pub trait StoreObserver: Send + Sync {
    /// A call has ended after this long, in the task of its caller. Returns at once.
    fn call_ended(&self, operation: Operation, outcome: CallOutcome, duration: Duration);

    /// A list left out this many users, which cannot be read. Returns at once.
    fn users_left_out(&self, count: u64) {
        let _ = count;
    }
}

/// How a call of a store ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It succeeded.
    Ok,
    /// [`Error::NotFound`].
    NotFound,
    /// The caller's view is outdated, or its e-mail or key is taken.
    Conflict,
    /// [`Error::Throttled`].
    Throttled,
    /// The store cannot be used, or not yet.
    Unavailable,
    /// [`Error::Damaged`].
    Damaged,
    /// The caller went away or timed out.
    Dropped,
}

impl CallOutcome {
    /// The outcome of a call with this result.
    pub const fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Ok,
            Err(Error::NotFound) => Self::NotFound,
            Err(Error::EmailTaken | Error::IdempotencyKeyReused | Error::Stale) => Self::Conflict,
            Err(Error::Throttled) => Self::Throttled,
            Err(Error::Unavailable(_) | Error::WrongEnvironment(_)) => Self::Unavailable,
            Err(Error::Damaged(_)) => Self::Damaged,
        }
    }

    /// Its name, as metrics and spans use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Damaged => "damaged",
            Self::Dropped => "dropped",
        }
    }

    /// Its name, if the store failed.
    pub const fn error(self) -> Option<&'static str> {
        match self {
            Self::Ok | Self::NotFound | Self::Conflict => None,
            Self::Throttled | Self::Unavailable | Self::Damaged | Self::Dropped => Some(self.name()),
        }
    }
}

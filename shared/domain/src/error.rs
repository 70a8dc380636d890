//! The errors that a caller of a port can act on. Inner causes belong in the log.

use std::sync::Arc;

use crate::environment::WrongEnvironment;

type Source = Arc<dyn std::error::Error + Send + Sync>;

/// Why a store did not do what it was asked to do. One failed call may answer several requests: clones share the cause.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// Another user has this e-mail.
    #[error("e-mail is already registered")]
    EmailTaken,
    /// The user was created with the same idempotency key and another payload.
    #[error("idempotency key was already used with a different payload")]
    IdempotencyKeyReused,
    /// There is no such user or avatar.
    #[error("not found")]
    NotFound,
    /// The user changed since it was read; read it again.
    #[error("user changed since it was read")]
    Stale,
    /// The store is throttling: try later.
    #[error("store is throttled")]
    Throttled,
    /// The process and its store belong to different environments. This is permanent until the operator fixes
    /// it.
    #[error("store belongs to another environment")]
    WrongEnvironment(#[source] WrongEnvironment),
    /// The store cannot be used now. The outcome of a write is unknown: it may have happened.
    #[error("store is unavailable")]
    Unavailable(#[source] Source),
    /// The data in the store is inconsistent: a bug, or a damaged store.
    #[error("store is damaged")]
    Damaged(#[source] Source),
}

impl Error {
    /// [`Error::Unavailable`] because of `source`.
    pub fn unavailable(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Unavailable(Arc::from(source.into()))
    }

    /// [`Error::Damaged`] because of `source`.
    pub fn damaged(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Damaged(Arc::from(source.into()))
    }

    /// The part of the cause that is the same on each retry: the message of the adapter. Deeper sources hold
    /// what differs, such as request ids.
    pub fn reason(&self) -> String {
        let inner = std::error::Error::source(self);
        inner.map_or_else(|| self.to_string(), ToString::to_string)
    }
}

/// Why a value was not accepted, worded for the client.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub &'static str);

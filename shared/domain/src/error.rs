//! The errors that a caller of a port can act on. What happened inside belongs in the log.

use crate::environment::WrongEnvironment;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What a store answers when it does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another user has this e-mail.
    #[error("e-mail is already registered")]
    EmailTaken,
    /// The user was created with the same idempotency key and another payload.
    #[error("idempotency key was used for another payload")]
    IdempotencyKeyReused,
    /// There is no such user or avatar.
    #[error("no such thing")]
    NotFound,
    /// The user changed since it was read; read it again.
    #[error("user changed since it was read")]
    Stale,
    /// The store has more to do than it can; try later.
    #[error("store is throttled")]
    Throttled,
    /// The process and its store do not belong together, and it will not pass: the operator must mend it.
    #[error("store is of another environment")]
    WrongEnvironment(#[source] WrongEnvironment),
    /// The store cannot be used now. After a write its outcome is unknown: it may have happened.
    #[error("store is unavailable")]
    Unavailable(#[source] Source),
    /// What the store holds contradicts itself: a defect, or a damaged store.
    #[error("store is damaged")]
    Damaged(#[source] Source),
}

impl Error {
    /// [`Error::Unavailable`] because of `source`.
    pub fn unavailable(source: impl Into<Source>) -> Self {
        Self::Unavailable(source.into())
    }

    /// [`Error::Damaged`] because of `source`.
    pub fn damaged(source: impl Into<Source>) -> Self {
        Self::Damaged(source.into())
    }

    /// Why, as far as it is the same from try to try: what the adapter says of it. Further inside stands what differs, such as the
    /// identifiers of requests.
    pub fn reason(&self) -> String {
        let inner = std::error::Error::source(self);
        inner.map_or_else(|| self.to_string(), ToString::to_string)
    }
}

/// Why a value was not accepted, in words for the one who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FieldError(pub &'static str);

//! The one place that classifies the server's errors.

use std::{
    error::Error as _,
    io::{self, ErrorKind},
};

use domain::Error;
use tokio_postgres::error::SqlState;

use super::{open_error::OpenError, options::Target};

/// A connection fails in a way that other idle connections share: each is replaced.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Outdated(String);

/// A statement does not fit the tables: they are of another release or gone, as during a restore and after it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Mismatched(pub(super) String);

/// The error for the caller of a port.
#[expect(clippy::needless_pass_by_value, reason = "as an argument of `map_err`")]
pub(super) fn of(error: tokio_postgres::Error) -> Error {
    let why = reason(&error);
    let Some(code) = error.code() else {
        // A column of another type or a value that it cannot have; else the connection failed.
        return if is_conversion(&error) { Error::damaged(why) } else { Error::unavailable(why) };
    };
    match code.code() {
        // A deadlock, a conflict of transactions, a lock that others hold: the transaction was rolled back.
        "40001" | "40P01" | "55P03" => Error::Throttled,
        // A right that was taken away can be given back.
        "42501" => Error::unavailable(why),
        // Statements that were prepared before a migration, or for another connection of a pooler; a server that is
        // read-only since another was promoted.
        "0A000" | "26000" | "25006" => Error::unavailable(Outdated(why)),
        // A schema, a table, a column that is missing.
        "3F000" | "42P01" | "42703" => Error::unavailable(Mismatched(why)),
        // Corrupt pages, values that do not fit, other statements that are wrong.
        code if ["XX", "22", "23", "42"].iter().any(|class| code.starts_with(class)) => Error::damaged(why),
        // Full disk, no memory, shutting down, cancelled by its timeout: it may pass.
        _ => Error::unavailable(why),
    }
}

fn is_conversion(error: &tokio_postgres::Error) -> bool {
    let text = error.to_string();
    text.starts_with("error deserializing") || text.starts_with("error serializing")
}

/// The error for the operator who starts Roster, of a connection that could not be made.
pub(super) fn on_connect(target: &Target, error: &tokio_postgres::Error) -> OpenError {
    let (target, why) = (target.to_string(), reason(error));
    match error.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => OpenError::Missing { target },
        Some(code) if code.code().starts_with("28") => OpenError::Refused { target, why },
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Denied { target, why },
        None if error.to_string().starts_with("error performing TLS handshake") && !is_interrupted(error) => {
            OpenError::Untrusted { target, why }
        }
        // The password is missing, or the server asks for it in a way that is not supported.
        None if error.to_string().starts_with("authentication error")
            || error.to_string() == "invalid configuration" =>
        {
            OpenError::Refused { target, why }
        }
        _ => OpenError::Unreachable { target, why },
    }
}

/// Whether the connection ended during the handshake, as while the server restarts.
fn is_interrupted(error: &tokio_postgres::Error) -> bool {
    let inner = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    let ends = [
        ErrorKind::UnexpectedEof,
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionAborted,
        ErrorKind::BrokenPipe,
    ];
    inner.is_some_and(|error| ends.contains(&error.kind()))
}

/// The error for the operator, of a statement while the database is opened.
pub(super) fn on_open(target: &Target, error: &tokio_postgres::Error) -> OpenError {
    let (name, why) = (target.to_string(), reason(error));
    match error.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE) => OpenError::Denied { target: name, why },
        // Names and types that are not as Roster makes them: trying again does not change that.
        Some(code) if ["42", "22"].iter().any(|class| code.code().starts_with(class)) => {
            OpenError::Foreign { target: name, why }
        }
        _ => OpenError::Unreachable { target: name, why },
    }
}

/// One line: the server's message without its details, which quote rows, or the innermost cause.
fn reason(error: &tokio_postgres::Error) -> String {
    if let Some(answer) = error.as_db_error() {
        return line(answer.message());
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    line(&text)
}

fn line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

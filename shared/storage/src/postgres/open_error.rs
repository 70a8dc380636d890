//! Why a database cannot be used.

use std::{io, path::PathBuf};

use crate::adapter::ConnectError;

/// Why a database cannot be used, as one line that names it and what to do. It is unchanged.
///
/// No variant has a source: a chain of causes would print the same text again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OpenError {
    /// It may answer later.
    #[error("{target} cannot be used now: {why}")]
    Unreachable {
        /// The database.
        target: String,
        /// Why.
        why: String,
    },
    /// Wrong password, unknown user, or an address that the server does not admit.
    #[error(
        "{target} refused the login ({why}): check the user and its password in ROSTER_STORAGE_PASSWORD_FILE, \
        PGPASSWORD or PGPASSFILE"
    )]
    Refused {
        /// The database.
        target: String,
        /// The server's reason.
        why: String,
    },
    /// A file with the password cannot be read.
    #[error("cannot read the password file {}: {why}", file.display())]
    NoPassword {
        /// The file.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// The connection is not encrypted as required.
    #[error(
        "{target} failed TLS verification: {why}: set sslrootcert to the authority's certificate, or sslmode=disable on a network that you trust"
    )]
    Untrusted {
        /// The database.
        target: String,
        /// Why.
        why: String,
    },
    /// There is no such database, or no tables yet, and a data tool does not create them.
    #[error(
        "{target} does not exist or is empty: check the name; `roster serve` creates the tables, not the database"
    )]
    Missing {
        /// The database.
        target: String,
    },
    /// This process used its tables, and they are gone.
    #[error(
        "{target} has no tables any more: restore a backup, or restart Roster, which creates empty ones; nothing is \
        created under a running process"
    )]
    Gone {
        /// The database.
        target: String,
    },
    /// It has tables of another program.
    #[error(
        "{target} has tables of another program and was left unchanged: use a database of its own ({why})"
    )]
    Foreign {
        /// The database.
        target: String,
        /// The server's reason.
        why: String,
    },
    /// The user lacks a right.
    #[error("{target}: permission denied: make the user the owner of the database ({why})")]
    Denied {
        /// The database.
        target: String,
        /// The server's reason.
        why: String,
    },
    /// It takes no writes by its settings.
    #[error(
        "{target} is read-only: turn default_transaction_read_only off, or use the address of the primary"
    )]
    ReadOnly {
        /// The database.
        target: String,
    },
    /// Its server or its encoding is not supported.
    #[error("{target} is not supported: {why}")]
    Unsupported {
        /// The database.
        target: String,
        /// Why, and what to do.
        why: String,
    },
    /// A later release wrote it, and this one cannot use its tables.
    #[error(
        "{target} has schema version {found}, but this release supports versions up to {known}: upgrade Roster to the \
        release that wrote it, or a later one"
    )]
    TooNew {
        /// The database.
        target: String,
        /// The schema's version.
        found: i32,
        /// The latest version that this program supports.
        known: i32,
    },
    /// An earlier release wrote it, and a data tool does not migrate it.
    #[error(
        "{target} has schema version {found}, but this release needs {known}: run `roster serve` of this release once, \
        which migrates it"
    )]
    TooOld {
        /// The database.
        target: String,
        /// The schema's version.
        found: i32,
        /// The version that this program needs.
        known: i32,
    },
}

impl OpenError {
    /// Whether it may pass without an operator.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    pub(super) fn no_password(file: PathBuf, why: &io::Error) -> Self {
        Self::NoPassword { file, why: why.to_string() }
    }
}

impl From<OpenError> for ConnectError {
    fn from(error: OpenError) -> Self {
        Self::Store(Box::new(error))
    }
}

//! Errors at the start, as the operator reads them.

use std::{collections::HashSet, error::Error, io, iter};

use storage::{ConnectError, sqlite::OpenError};

/// The error of the adapter.
pub(crate) fn refusal(error: ConnectError) -> OpenError {
    let ConnectError::Store(error) = error else { panic!("{error}") };
    *error.downcast().expect("an error of SQLite's adapter")
}

/// The error with its causes, as a program prints it at its end, is one line without repetition.
pub(crate) fn assert_one_line(error: &ConnectError) {
    let causes = iter::successors(Some(error as &dyn Error), |&error| error.source());
    let line = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
    assert!(!line.contains('\n'), "{line}");
    let mut phrases = HashSet::new();
    assert!(line.split(": ").all(|phrase| phrases.insert(phrase)), "{line}");
}

#[test]
fn every_refusal_is_one_line_without_repetition() {
    let file = || "roster.db".into();
    for error in [
        OpenError::InUse { file: file(), pid: Some(1) },
        OpenError::InUse { file: file(), pid: None },
        OpenError::Missing { file: file() },
        OpenError::Foreign { file: file() },
        OpenError::Broken { file: file(), why: "it is truncated".to_owned() },
        OpenError::NoWriteAheadLog { file: file(), why: "database is locked".to_owned() },
        OpenError::TooNew { file: file(), found: 2, known: 1 },
        OpenError::TooOld { file: file(), found: 0, known: 1 },
        OpenError::Io { file: file(), why: io::ErrorKind::IsADirectory.into() },
        OpenError::Io { file: file(), why: io::Error::other("disk I/O error") },
    ] {
        assert_one_line(&error.into());
    }
}

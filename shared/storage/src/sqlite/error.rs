//! The one place that classifies `SQLite`'s errors.

use std::{io, path::Path};

use domain::Error;
use rusqlite::ErrorCode;

use crate::sqlite::open_error::OpenError;

/// The error for the caller of a port.
pub(super) fn of(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        // Another process held the write lock for longer than the busy timeout: nothing was changed.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Throttled,
        // The one constraint that a write can meet is the id of a user.
        Some(ErrorCode::ConstraintViolation) => Error::EmailTaken,
        // A full disk, a failing one, a file that is gone or read-only, no memory: it may pass.
        Some(
            ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::OutOfMemory
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::OperationInterrupted
            | ErrorCode::OperationAborted,
        ) => Error::unavailable(error),
        // A malformed page, a missing table, a column of another type, text that is not UTF-8.
        _ => Error::damaged(error),
    }
}

/// The error for the operator who starts Roster.
pub(super) fn on_open(file: &Path, error: &rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) | None => {
            OpenError::Broken { file, why: line(error) }
        }
        Some(_) => OpenError::Io { file, why: io::Error::other(line(error)) },
    }
}

/// Why the file cannot be in WAL mode.
pub(super) fn on_write_ahead(file: &Path, error: &rusqlite::Error) -> OpenError {
    match on_open(file, error) {
        OpenError::Io { file, why } => OpenError::NoWriteAheadLog { file, why: why.to_string() },
        other => other,
    }
}

/// One line in `SQLite`'s own words: `rusqlite` adds the statement, which may be a whole migration.
fn line(error: &rusqlite::Error) -> String {
    let text = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    fn of_code(code: i32) -> Error {
        of(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn disk_errors_are_unavailable() {
        for code in [
            ffi::SQLITE_FULL,
            ffi::SQLITE_IOERR,
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_READONLY,
            ffi::SQLITE_NOMEM,
        ] {
            assert!(matches!(of_code(code), Error::Unavailable(_)), "{code}");
        }
    }

    #[test]
    fn corruption_is_damage() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX, ffi::SQLITE_NOTADB, ffi::SQLITE_ERROR] {
            assert!(matches!(of_code(code), Error::Damaged(_)), "{code}");
        }
    }

    #[test]
    fn a_lock_held_by_another_is_throttled() {
        assert!(matches!(of_code(ffi::SQLITE_BUSY), Error::Throttled));
    }

    #[test]
    fn a_second_row_with_the_same_id_is_a_taken_email() {
        assert!(matches!(of_code(ffi::SQLITE_CONSTRAINT_PRIMARYKEY), Error::EmailTaken));
    }
}

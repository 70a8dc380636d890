//! Settings of a connection, each read back: `SQLite` ignores a pragma that it does not know or cannot apply.

use rusqlite::{Connection, ffi};

/// Sets `name` and checks that it has this value now.
///
/// # Errors
/// If `SQLite` keeps another value.
pub(super) fn set(connection: &Connection, name: &str, value: i64) -> rusqlite::Result<()> {
    connection.pragma_update(None, name, value)?;
    let kept = connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))?;
    if kept == value { Ok(()) } else { Err(refused(name, &kept.to_string())) }
}

/// Puts the file into WAL mode, in which readers and the writer do not block each other, and a commit is on
/// the disk with one sync (`synchronous`). Changes nothing if it is in WAL mode already, as after a normal
/// start.
///
/// A copy made by `VACUUM INTO`, such as a backup of a running service, is not in WAL mode.
///
/// # Errors
/// If another connection has a transaction open, the file or its folder is read-only, or its file system has
/// no shared memory.
pub(super) fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let before: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    if before == "wal" {
        return Ok(());
    }
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(refused("journal_mode", &mode));
    }
    // `SQLite` returns before it has opened the log: the first write opens it.
    connection.execute_batch("BEGIN IMMEDIATE; ROLLBACK")
}

fn refused(name: &str, kept: &str) -> rusqlite::Error {
    let misuse = ffi::Error::new(ffi::SQLITE_MISUSE);
    rusqlite::Error::SqliteFailure(misuse, Some(format!("SQLite keeps {name} = {kept}")))
}

#[cfg(test)]
mod tests {
    use rusqlite::OpenFlags;

    use super::*;

    #[test]
    fn a_pragma_that_sqlite_does_not_apply_is_an_error() {
        let connection = Connection::open_in_memory().unwrap();
        set(&connection, "query_only", 1).unwrap();
        for (name, value) in [("no_such_setting", 1), ("page_size", 1000)] {
            assert!(set(&connection, name, value).is_err(), "{name}");
        }
    }

    #[test]
    fn a_file_outside_wal_mode_is_put_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("some.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        write_ahead(&connection).unwrap();
        let header = std::fs::read(folder.path().join("some.db")).unwrap();
        assert_eq!(header[18..20], [2, 2]);
        write_ahead(&connection).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_in_wal_mode_is_an_error_that_names_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.db");
        Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
        // This VFS has no shared memory, like some network file systems.
        let without =
            Connection::open_with_flags_and_vfs(&file, OpenFlags::default(), c"unix-dotfile").unwrap();
        let error = write_ahead(&without).unwrap_err().to_string();
        assert_eq!(error, "SQLite keeps journal_mode = delete");
        drop(without);
        let read_only = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        assert!(write_ahead(&read_only).is_err());
    }
}

//! Bringing the log into the main file.
//!
//! The writer does it, after it answered: no caller waits for that commit any more, and what arrives meanwhile goes
//! together into the next one. Done too seldom, the log grows and one pause is long; too often, pages that many
//! writes share are written and synced again and again.

use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, wal::CheckpointMode};

/// From this many pages on (4 MiB) the log is brought in.
const PAGES: c_int = 512;

/// From this many pages on (64 MiB) the log is also to start afresh, which it can once nobody reads the old state.
/// Roster's own reads are short. While another program reads for long, such as a backup, the log grows: that is
/// better than writes that wait for it.
const PAGES_AT_MOST: c_int = 8192;

/// After this long without a write the log is brought in and emptied: a restart has nothing to recover, and what
/// was erased is gone from the log as well.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// A log that holds something, and is not long.
const SOMETHING: c_int = 1;

/// The log's length in pages, as the last commit left it; 0 once its file is empty.
pub(super) struct Log(Arc<AtomicI32>);

impl Log {
    /// Watches the log instead of `SQLite`, which would bring it in before the commit is answered.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        // What an earlier run left is unknown, and counts as something.
        let pages = Arc::new(AtomicI32::new(SOMETHING));
        let seen = pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: c_int| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self(pages))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    /// Brings it in if it is long.
    pub(super) fn after_commit(&self, connection: &Connection) {
        let pages = self.0.load(Ordering::Relaxed);
        if pages >= PAGES_AT_MOST {
            self.bring_in(connection, CheckpointMode::RESTART);
        } else if pages >= PAGES {
            self.bring_in(connection, CheckpointMode::PASSIVE);
        }
    }

    /// Brings it in and empties it, unless someone reads from it right now.
    pub(super) fn when_idle(&self, connection: &Connection) {
        self.bring_in(connection, CheckpointMode::TRUNCATE);
        // The pages of the last writes need not stay in memory.
        let _ = connection.execute_batch("PRAGMA shrink_memory");
    }

    /// As far as it goes without waiting: the writer has other things to do.
    fn bring_in(&self, connection: &Connection, mode: CheckpointMode) {
        let patience = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0));
        let _ = connection.busy_timeout(Duration::ZERO);
        let outcome = connection.wal_checkpoint_v2(Some(c"main"), mode);
        if let Ok(ms) = patience {
            let _ = connection.busy_timeout(Duration::from_millis(ms.into()));
        }
        match outcome {
            Ok((left, done)) if left == done => {
                // Whatever else brings it in leaves its file as it is, with what was erased.
                let pages = if matches!(mode, CheckpointMode::TRUNCATE) { 0 } else { SOMETHING };
                self.0.store(pages, Ordering::Relaxed);
            }
            // A reader holds some of it: the next commit tries again.
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(error) => tracing::warn!(%error, "log was not brought into the database"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::mpsc, thread};

    use super::*;

    const PATIENCE: Duration = Duration::from_hours(1);
    const DEADLINE: Duration = Duration::from_mins(1);

    /// A connection with a log of one commit, which counts as a long one.
    fn writer(file: &Path) -> (Connection, Log) {
        let mut connection = Connection::open(file).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        let log = Log::watch(&mut connection).unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        log.0.store(PAGES_AT_MOST, Ordering::Relaxed);
        (connection, log)
    }

    #[test]
    fn a_long_reader_holds_up_no_write_and_the_log_starts_afresh_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.db");
        let (writer, log) = writer(&file);
        let reader = Connection::open(&file).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        log.0.store(PAGES_AT_MOST, Ordering::Relaxed);

        let (done, tried) = mpsc::channel();
        thread::spawn(move || {
            log.after_commit(&writer);
            done.send((writer, log))
        });
        let (writer, log) = tried.recv_timeout(DEADLINE).expect("it does not wait for the reader");
        assert_eq!(log.0.load(Ordering::Relaxed), PAGES_AT_MOST);
        let patience = writer.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(Duration::from_millis(patience.into()), PATIENCE);

        reader.execute_batch("COMMIT").unwrap();
        log.after_commit(&writer);
        assert_eq!(log.0.load(Ordering::Relaxed), SOMETHING);
    }

    #[test]
    fn only_a_log_whose_file_was_emptied_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.db");
        let (writer, log) = writer(&file);
        let bytes = || std::fs::metadata(folder.path().join("log.db-wal")).unwrap().len();
        for pages in [PAGES, PAGES_AT_MOST] {
            log.0.store(pages, Ordering::Relaxed);
            log.after_commit(&writer);
            assert!(!log.is_empty() && bytes() > 0, "{pages} pages");
        }
        log.when_idle(&writer);
        assert!(log.is_empty() && bytes() == 0);
    }
}

//! Checkpoints: they copy the log into the main file.
//!
//! The writer does it after it has answered, so that no caller waits for it; writes that arrive meanwhile
//! share the next commit. If done too rarely, the log grows and a pause is long; if too often, pages that
//! many writes share are written and synced again and again.

use std::{
    ffi::c_int,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, wal::CheckpointMode};

/// From this many pages on (4 MiB) the log is checkpointed.
const PAGES: c_int = 512;

/// From this many pages on (64 MiB) the log is also restarted, which is possible once no reader needs the old
/// state. Roster's own reads are short. While another program reads for long, such as a backup, the log
/// grows: that is better than making writes wait for it.
const PAGES_AT_MOST: c_int = 8192;

/// After this long without a write the log is checkpointed and truncated: a restart has nothing to recover,
/// and erased data is gone from the log as well.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// A log that is neither empty nor long.
const SOMETHING: c_int = 1;

/// The log's length in pages after the last commit; 0 once its file is empty.
pub(super) struct Log(Arc<AtomicI32>);

impl Log {
    /// Replaces the hook of `SQLite`, which would checkpoint before the commit is answered.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        // What an earlier run left is unknown, so the log counts as not empty.
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

    /// Checkpoints it if it is long.
    pub(super) fn after_commit(&self, connection: &Connection) {
        let pages = self.0.load(Ordering::Relaxed);
        if pages >= PAGES_AT_MOST {
            self.bring_in(connection, CheckpointMode::RESTART);
        } else if pages >= PAGES {
            self.bring_in(connection, CheckpointMode::PASSIVE);
        }
    }

    /// Checkpoints and truncates it, unless a reader uses it right now.
    pub(super) fn when_idle(&self, connection: &Connection) {
        self.bring_in(connection, CheckpointMode::TRUNCATE);
        // The pages of the last writes need not stay in memory.
        let _ = connection.execute_batch("PRAGMA shrink_memory");
    }

    /// Checkpoints as far as possible without waiting: the writer has other things to do.
    fn bring_in(&self, connection: &Connection, mode: CheckpointMode) {
        let patience = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0));
        let _ = connection.busy_timeout(Duration::ZERO);
        let outcome = connection.wal_checkpoint_v2(Some(c"main"), mode);
        if let Ok(ms) = patience {
            let _ = connection.busy_timeout(Duration::from_millis(ms.into()));
        }
        match outcome {
            Ok((left, done)) if left == done => {
                // Every other mode leaves the log file as it is, with erased data in it.
                let pages = if matches!(mode, CheckpointMode::TRUNCATE) { 0 } else { SOMETHING };
                self.0.store(pages, Ordering::Relaxed);
            }
            // A reader holds some of it: the next commit retries.
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(error) => {
                tracing::warn!(%error, "could not checkpoint the write-ahead log; it grows until a checkpoint succeeds");
            }
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
    fn a_long_reader_blocks_no_write_and_the_log_restarts_after_it() {
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

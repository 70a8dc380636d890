//! Checkpoints: they copy the log into the main file.
//!
//! A thread of its own does most of it while the writer goes on. Only a log that was copied whole begins anew, so the
//! writer itself copies what came meanwhile: after it has answered, so that no caller waits for it. If done too rarely,
//! the log grows and a pause is long; if too often, pages that many writes share are written and synced again and
//! again.

use std::{
    ffi::c_int,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, wal::CheckpointMode};

/// From this many pages on (2 MiB) the log is checkpointed.
const PAGES: c_int = 256;

/// If a pass left no more pages than this (1 MiB), the writer copies them.
const FEW_PAGES: c_int = 128;

/// In a log of this many pages (8 MiB) it copies them however many they are: it writes as fast as the other thread
/// copies.
const LONG_PAGES: c_int = 1024;

/// From this many pages on (64 MiB) the log is also restarted, which is possible once no reader needs the old
/// state. Roster's own reads are short. While another program reads for long, such as a backup, the log
/// grows: that is better than making writes wait for it.
const PAGES_AT_MOST: c_int = 8192;

/// After this long without a write the log is checkpointed and truncated: a restart has nothing to recover,
/// and erased data is gone from the log as well.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// A log that is neither empty nor long.
const SOMETHING: c_int = 1;

/// The log, as its writer knows it.
pub(super) struct Log {
    /// Its length in pages after the last commit; 0 once its file is empty.
    pages: Arc<AtomicI32>,
    passes: Arc<Passes>,
}

/// Checkpoints on a thread beside the writer, one after the other.
pub(super) struct Passes {
    pass: Mutex<Pass>,
    changed: Condvar,
}

#[derive(Clone, Copy)]
enum Pass {
    Idle,
    Wanted,
    /// This many pages of the log are in the main file.
    Ended(c_int),
    Closed,
}

impl Passes {
    /// Checkpoints when the writer asks for it, until its [`Log`] is dropped.
    pub(super) fn run(&self, connection: &Connection) {
        // However this thread ends, the writer must not wait for it.
        let _close = CloseOnDrop(self);
        // The writer may wait for a pass.
        let _ = connection.busy_timeout(Duration::ZERO);
        while self.is_wanted() {
            let checkpoint = || {
                // A connection that has not read the file since it got a log copies nothing.
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
                connection.wal_checkpoint_v2(Some(c"main"), CheckpointMode::PASSIVE)
            };
            let done = match catch_unwind(AssertUnwindSafe(checkpoint)) {
                Ok(Ok((_, done))) => done,
                Ok(Err(error)) => {
                    warn_unless_busy(&error);
                    0
                }
                Err(_) => {
                    tracing::error!("a checkpoint of the write-ahead log panicked");
                    0
                }
            };
            let mut pass = self.pass();
            if matches!(*pass, Pass::Wanted) {
                *pass = Pass::Ended(done);
            }
            self.changed.notify_all();
        }
    }

    /// Waits until a pass is wanted, or returns `false` once it is closed.
    fn is_wanted(&self) -> bool {
        let waits = |pass: &mut Pass| matches!(pass, Pass::Idle | Pass::Ended(_));
        let pass = self.changed.wait_while(self.pass(), waits).unwrap_or_else(PoisonError::into_inner);
        matches!(*pass, Pass::Wanted)
    }

    fn close(&self) {
        *self.pass() = Pass::Closed;
        self.changed.notify_all();
    }

    /// Waits for the end of a pass, if there is one.
    fn wait(&self) {
        let waits = |pass: &mut Pass| matches!(pass, Pass::Wanted);
        drop(self.changed.wait_while(self.pass(), waits).unwrap_or_else(PoisonError::into_inner));
    }

    fn pass(&self) -> MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct CloseOnDrop<'a>(&'a Passes);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Log {
    /// Replaces the hook of `SQLite`, which would checkpoint before the commit is answered.
    ///
    /// The caller runs the [`passes`](Self::passes) on another connection and thread.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        // What an earlier run left is unknown, so the log counts as not empty.
        let pages = Arc::new(AtomicI32::new(SOMETHING));
        let seen = pages.clone();
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages: c_int| {
            seen.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let passes = Arc::new(Passes { pass: Mutex::new(Pass::Idle), changed: Condvar::new() });
        Ok(Self { pages, passes })
    }

    pub(super) fn passes(&self) -> Arc<Passes> {
        self.passes.clone()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pages() == 0
    }

    /// Checkpoints it if it is long.
    pub(super) fn after_commit(&self, connection: &Connection) {
        let pages = self.pages();
        if pages >= PAGES_AT_MOST {
            self.passes.wait();
            self.bring_in(connection, CheckpointMode::RESTART);
            return;
        }
        let mut pass = self.passes.pass();
        match *pass {
            Pass::Idle if pages >= PAGES => *pass = Pass::Wanted,
            // The last commit has begun the log anew.
            Pass::Ended(done) if pages < done => *pass = Pass::Idle,
            Pass::Ended(done) if pages - done > FEW_PAGES && pages < LONG_PAGES => *pass = Pass::Wanted,
            Pass::Ended(_) => {
                *pass = Pass::Idle;
                drop(pass);
                self.bring_in(connection, CheckpointMode::PASSIVE);
            }
            // The thread has ended, although it should not.
            Pass::Closed if pages >= PAGES => {
                drop(pass);
                self.bring_in(connection, CheckpointMode::PASSIVE);
            }
            Pass::Idle | Pass::Wanted | Pass::Closed => return,
        }
        self.passes.changed.notify_all();
    }

    /// As [`when_idle`](Self::when_idle), but waits for a pass first.
    pub(super) fn at_the_end(&self, connection: &Connection) {
        self.passes.wait();
        self.when_idle(connection);
    }

    /// Checkpoints and truncates it, unless a reader or a pass uses it right now: then it is retried when idle again.
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
            Ok((all, done)) if all == done => {
                // Every other mode leaves the log file as it is, with erased data in it.
                let pages = if matches!(mode, CheckpointMode::TRUNCATE) { 0 } else { SOMETHING };
                self.pages.store(pages, Ordering::Relaxed);
                // What the last pass did is of a log that no longer exists.
                let mut pass = self.passes.pass();
                if matches!(*pass, Pass::Ended(_)) {
                    *pass = Pass::Idle;
                }
            }
            // A reader holds some of it: the next commit retries.
            Ok(_) => {}
            Err(error) => warn_unless_busy(&error),
        }
    }

    fn pages(&self) -> c_int {
        self.pages.load(Ordering::Relaxed)
    }
}

/// Ends the other thread, also if the writer's has panicked.
impl Drop for Log {
    fn drop(&mut self) {
        self.passes.close();
    }
}

fn warn_unless_busy(error: &rusqlite::Error) {
    if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
        tracing::warn!(%error, "could not checkpoint the write-ahead log; it grows until a checkpoint succeeds");
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::mpsc, thread};

    use super::*;

    const PATIENCE: Duration = Duration::from_hours(1);
    const DEADLINE: Duration = Duration::from_mins(1);

    /// A connection with a log of one commit, and a thread that checkpoints beside it.
    fn writer(file: &Path) -> (Connection, Log) {
        let mut connection = Connection::open(file).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        let log = Log::watch(&mut connection).unwrap();
        connection.execute_batch("CREATE TABLE t (n)").unwrap();
        let (passes, other) = (log.passes(), Connection::open(file).unwrap());
        thread::spawn(move || passes.run(&other));
        (connection, log)
    }

    /// One commit of at least this many pages.
    fn commit(connection: &Connection, pages: c_int) {
        let sql = "INSERT INTO t VALUES (zeroblob(?1 * (SELECT page_size FROM pragma_page_size)))";
        connection.execute(sql, [pages]).unwrap();
    }

    #[test]
    fn a_long_log_is_copied_beside_the_writer_which_copies_the_rest() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, log) = writer(&folder.path().join("log.db"));
        for _ in 0..3 {
            commit(&writer, PAGES);
            log.after_commit(&writer);
            // Before the pass has ended, or after it: the log goes on from where it was, and then begins anew.
            commit(&writer, FEW_PAGES / 2);
            log.passes.wait();
            assert!(matches!(*log.passes.pass(), Pass::Ended(_)));
            log.after_commit(&writer);
            assert!(matches!(*log.passes.pass(), Pass::Idle));
            commit(&writer, 1);
            assert!(log.pages() < PAGES, "{} pages", log.pages());
            log.after_commit(&writer);
            assert!(matches!(*log.passes.pass(), Pass::Idle));
        }
    }

    #[test]
    fn a_log_that_was_copied_whole_begins_anew_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, log) = writer(&folder.path().join("log.db"));
        commit(&writer, PAGES);
        log.after_commit(&writer);
        log.passes.wait();
        assert!(matches!(*log.passes.pass(), Pass::Ended(done) if done == log.pages()));
        commit(&writer, 2);
        let pages = log.pages();
        log.after_commit(&writer);
        assert!(matches!(*log.passes.pass(), Pass::Idle));
        assert_eq!(log.pages(), pages, "not checkpointed: it is short");
    }

    #[test]
    fn without_the_other_thread_the_writer_copies_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, log) = writer(&folder.path().join("log.db"));
        log.passes.close();
        commit(&writer, PAGES);
        log.after_commit(&writer);
        assert_eq!(log.pages(), SOMETHING);
        log.at_the_end(&writer);
        assert!(log.is_empty());
    }

    #[test]
    fn what_a_pass_did_is_forgotten_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, log) = writer(&folder.path().join("log.db"));
        commit(&writer, PAGES);
        log.after_commit(&writer);
        log.passes.wait();
        log.when_idle(&writer);
        assert!(log.is_empty());
        commit(&writer, LONG_PAGES);
        log.after_commit(&writer);
        log.passes.wait();
        assert!(matches!(*log.passes.pass(), Pass::Ended(_)), "the other thread copied it");
    }

    #[test]
    fn a_log_that_grows_as_fast_as_it_is_copied_is_copied_by_the_writer() {
        let folder = tempfile::tempdir().unwrap();
        let (writer, log) = writer(&folder.path().join("log.db"));
        commit(&writer, PAGES);
        let reader = Connection::open(writer.path().unwrap()).unwrap();
        // As on a slow disk: a pass gets no further than what this reader sees.
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        loop {
            commit(&writer, 2 * FEW_PAGES);
            if log.pages() >= LONG_PAGES {
                break;
            }
            log.after_commit(&writer);
            log.passes.wait();
            assert!(matches!(*log.passes.pass(), Pass::Ended(_)));
        }
        reader.execute_batch("COMMIT").unwrap();
        log.after_commit(&writer);
        assert_eq!(log.pages(), SOMETHING);
    }

    #[test]
    fn a_long_reader_blocks_no_write_and_the_log_restarts_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.db");
        let (writer, log) = writer(&file);
        let reader = Connection::open(&file).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        writer.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        log.pages.store(PAGES_AT_MOST, Ordering::Relaxed);

        let (done, tried) = mpsc::channel();
        thread::spawn(move || {
            log.after_commit(&writer);
            let _ = done.send((writer, log));
        });
        let (writer, log) = tried.recv_timeout(DEADLINE).expect("it does not wait for the reader");
        assert_eq!(log.pages(), PAGES_AT_MOST);
        let patience = writer.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0)).unwrap();
        assert_eq!(Duration::from_millis(patience.into()), PATIENCE);

        reader.execute_batch("COMMIT").unwrap();
        log.after_commit(&writer);
        assert_eq!(log.pages(), SOMETHING);
    }

    #[test]
    fn only_a_log_whose_file_was_emptied_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.db");
        let (writer, log) = writer(&file);
        let bytes = || std::fs::metadata(folder.path().join("log.db-wal")).unwrap().len();
        for pages in [PAGES, PAGES_AT_MOST] {
            log.pages.store(pages, Ordering::Relaxed);
            log.after_commit(&writer);
            log.passes.wait();
            assert!(!log.is_empty() && bytes() > 0, "{pages} pages");
        }
        log.at_the_end(&writer);
        assert!(log.is_empty() && bytes() == 0);
    }
}

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

/// From this many pages on (64 MiB) it also waits for readers of the old state, so that the log starts afresh.
/// They are short, except those of another program.
const PAGES_AT_MOST: c_int = 8192;

/// After this long without a write the log is brought in and emptied: a restart has nothing to recover, and what
/// was erased is gone from the log as well.
pub(super) const IDLE: Duration = Duration::from_secs(1);

/// The log's length in pages, as the last commit left it.
pub(super) struct Log(Arc<AtomicI32>);

impl Log {
    /// Watches the log instead of `SQLite`, which would bring it in before the commit is answered.
    pub(super) fn watch(connection: &mut Connection) -> rusqlite::Result<Self> {
        // What an earlier run left is unknown, and counts as something.
        let pages = Arc::new(AtomicI32::new(1));
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
        let patience = connection.pragma_query_value(None, "busy_timeout", |row| row.get::<_, u32>(0));
        let _ = connection.busy_timeout(Duration::ZERO);
        self.bring_in(connection, CheckpointMode::TRUNCATE);
        if let Ok(ms) = patience {
            let _ = connection.busy_timeout(Duration::from_millis(ms.into()));
        }
        // The pages of the last writes need not stay in memory.
        let _ = connection.execute_batch("PRAGMA shrink_memory");
    }

    fn bring_in(&self, connection: &Connection, mode: CheckpointMode) {
        match connection.wal_checkpoint_v2(Some(c"main"), mode) {
            Ok((left, done)) if left == done => self.0.store(0, Ordering::Relaxed),
            // A reader holds some of it: the next commit tries again.
            Ok(_) => {}
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            Err(error) => tracing::warn!(%error, "log was not brought into the database"),
        }
    }
}

//! Writes: one thread, many writes in one commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use rusqlite::Connection;
use tokio::sync::Notify;

use super::{
    activity::Activity,
    checkpoint::{self, Log},
    generation::Generation,
    group::{self, Write},
    queue::{Batch, Bounds, Queue},
    reads,
    row::column,
    transaction::{StepName, Transaction},
};
use crate::faults::Faults;

/// How much may wait. Past it a write is refused at once: waiting writes are in memory, and at 100 MB/s are
/// written in 0.6 s.
pub(super) const WAITING: Bounds = Bounds { items: 1024, bytes: 64 * 1024 * 1024 };

/// How much goes into one commit: few enough writes that the first does not wait long for the last.
const GROUP: Bounds = Bounds { items: 128, bytes: 8 * 1024 * 1024 };

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue<Box<dyn Write>>>,
    pub(super) faults: Faults,
    pub(super) activity: Activity,
    pub(super) generation: Arc<Generation>,
    /// [`data_version`] before the first read of the store.
    pub(super) data_version: Option<i64>,
    /// Wakes calls that wait for an event.
    pub(super) committed: Arc<Notify>,
    /// Notified if this thread ends although the queue was not closed.
    pub(super) died: Arc<Notify>,
}

impl Writer {
    /// Writes until the queue is closed and empty. `log` is that of the connection.
    pub(super) fn run(self, log: &Log) {
        // If this thread dies, waiting writes are answered at once, and the process ends.
        let _abandon_on_drop = AbandonOnDrop {
            queue: self.queue.clone(),
            generation: self.generation.clone(),
            died: self.died.clone(),
        };
        let mut data_version = self.data_version;
        loop {
            let may_go_on = match self.queue.take_group(GROUP, Some(checkpoint::IDLE)) {
                Batch::Items(writes) => self.guarded(|| {
                    self.activity.count_taken(writes.len());
                    self.write(writes);
                    log.after_commit(&self.connection);
                    self.notice_foreign_commits(&mut data_version);
                }),
                Batch::Idle => self.guarded(|| {
                    if !log.is_empty() {
                        log.when_idle(&self.connection);
                    }
                    self.notice_foreign_commits(&mut data_version);
                }),
                Batch::Closed => {
                    self.guarded(|| log.at_the_end(&self.connection));
                    return;
                }
            };
            if !may_go_on {
                return;
            }
        }
    }

    /// A panic must not end the thread: uncommitted writes are rolled back, and the callers of that group get
    /// no answer, so that the outcome is unknown to them. `false` if the rollback fails.
    fn guarded(&self, run: impl FnOnce()) -> bool {
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            tracing::error!("the writer panicked; rolling back uncommitted writes");
        }
        if self.connection.is_autocommit() {
            return true;
        }
        let rolled_back =
            Transaction::new(&self.connection, &self.faults).execute(StepName::Rollback, "ROLLBACK", []);
        if let Err(error) = &rolled_back {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "could not roll back; stopping the writer");
        }
        rolled_back.is_ok()
    }

    /// Advances the generation if another connection has committed since `seen`, or if that cannot be known.
    ///
    /// Only this connection writes in a process, and no other program of Roster writes users beside `serve`. An
    /// operator may, with `sqlite3`: what was kept before that is shown for [`checkpoint::IDLE`] at most.
    fn notice_foreign_commits(&self, seen: &mut Option<i64>) {
        let now = data_version(&self.connection);
        if now.is_none() || now != *seen {
            self.generation.advance();
        }
        *seen = now;
    }

    fn write(&self, mut writes: Vec<Box<dyn Write>>) {
        writes.retain(|write| write.is_wanted());
        if writes.is_empty() {
            return;
        }
        let tx = Transaction::new(&self.connection, &self.faults);
        group::commit(&tx, writes, &self.generation, &mut || {
            self.activity.count_commit();
            self.committed.notify_one();
        });
    }
}

/// Changes when another connection commits, and not when this one does; `None` if it cannot be read.
pub(super) fn data_version(connection: &Connection) -> Option<i64> {
    reads::query_optional(connection, "PRAGMA data_version", [], |row| column(row, 0)).ok().flatten()
}

struct AbandonOnDrop {
    queue: Arc<Queue<Box<dyn Write>>>,
    generation: Arc<Generation>,
    died: Arc<Notify>,
}

impl Drop for AbandonOnDrop {
    fn drop(&mut self) {
        if !self.queue.is_closed() {
            self.died.notify_one();
        }
        self.generation.close();
        self.queue.abandon();
    }
}

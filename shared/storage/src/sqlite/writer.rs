//! Writes: one thread, many writes in one commit.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use rusqlite::Connection;
use tokio::sync::Notify;

use super::{
    checkpoint::{self, Log},
    group::{self, Write},
    queue::{Bounds, Queue, Taken},
    step::Steps,
};
use crate::Faults;

/// What may wait. Past it a write is refused at once: what waits is in memory, and at 100 MB/s is written in 0.6 s.
pub(super) const WAITING: Bounds = Bounds { items: 1024, bytes: 64 * 1024 * 1024 };

/// What goes into one commit: few enough that the first does not wait long for the last.
const GROUP: Bounds = Bounds { items: 128, bytes: 8 * 1024 * 1024 };

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue<Box<dyn Write>>>,
    pub(super) faults: Faults,
    pub(super) commits: Arc<AtomicU64>,
    /// Who waits for an event.
    pub(super) committed: Arc<Notify>,
}

impl Writer {
    /// Writes until the queue is closed and empty.
    pub(super) fn run(mut self) {
        // If this thread dies, nobody will answer what waits: its callers hear that at once.
        let _abandon = Abandon(self.queue.clone());
        let log = match Log::watch(&mut self.connection) {
            Ok(log) => log,
            Err(error) => {
                tracing::error!(%error, "the log cannot be watched");
                return;
            }
        };
        loop {
            let idle = (!log.is_empty()).then_some(checkpoint::IDLE);
            match self.queue.take_group(GROUP, idle) {
                Taken::Some(writes) => {
                    self.write(writes);
                    log.after_commit(&self.connection);
                }
                Taken::Idle => log.when_idle(&self.connection),
                Taken::Closed => return log.when_idle(&self.connection),
            }
        }
    }

    fn write(&self, mut writes: Vec<Box<dyn Write>>) {
        writes.retain(|write| write.is_wanted());
        if writes.is_empty() {
            return;
        }
        let steps = Steps::new(&self.connection, &self.faults);
        group::commit(&steps, writes, &mut || {
            self.commits.fetch_add(1, Ordering::Relaxed);
            self.committed.notify_one();
        });
    }
}

struct Abandon(Arc<Queue<Box<dyn Write>>>);

impl Drop for Abandon {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

//! Reads: a few threads with a connection each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use rusqlite::Connection;

use super::queue::{Bounds, Queue};

/// A read with the way back to its caller.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// More than this waits for none: the machine is slower than its callers.
pub(super) const WAITING: Bounds = Bounds { items: 1024, bytes: usize::MAX };

/// A reader for each core, and a second one for a machine with one, lest a large image hold up everything.
pub(super) fn count() -> usize {
    thread::available_parallelism().map_or(2, usize::from).clamp(2, 4)
}

/// Reads until the queue is closed.
pub(super) fn run(connection: &Connection, queue: &Queue<Read>) {
    while let Some(read) = queue.take() {
        // A defect in one read must not take the thread from the others; its caller hears that no answer comes.
        if catch_unwind(AssertUnwindSafe(|| read(connection))).is_err() {
            tracing::error!("a read panicked");
        }
    }
}

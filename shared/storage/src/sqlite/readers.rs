//! Reads: a few threads with a connection each.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
};

use rusqlite::Connection;

use super::queue::{Bounds, Queue};

/// A read that answers its caller.
pub(super) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// Maximum waiting reads: past it the machine is slower than its callers.
pub(super) const WAITING: Bounds = Bounds { items: 1024, bytes: usize::MAX };

/// A reader for each core, at most four; at least two, so that one large image does not block all reads.
pub(super) fn count() -> usize {
    thread::available_parallelism().map_or(2, usize::from).clamp(2, 4)
}

/// Reads until the queue is closed.
pub(super) fn run(connection: &Connection, queue: &Queue<Read>) {
    while let Some(read) = queue.take() {
        // A panic in one read must not end the thread; its caller gets an error.
        if catch_unwind(AssertUnwindSafe(|| read(connection))).is_err() {
            tracing::error!("a read of the store panicked");
        }
    }
}

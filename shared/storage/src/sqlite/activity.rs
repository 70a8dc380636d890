//! Counts of what the writer does, for tests.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// What the writer of a database has done since it was opened. Clones share the counts.
#[derive(Clone, Debug, Default)]
pub struct Activity(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    taken: AtomicU64,
    commits: AtomicU64,
}

impl Activity {
    /// Writes that it took from the queue.
    pub fn taken(&self) -> u64 {
        self.0.taken.load(Ordering::Acquire)
    }

    /// Transactions that it committed. Writes that arrive together share one.
    pub fn commits(&self) -> u64 {
        self.0.commits.load(Ordering::Acquire)
    }

    pub(super) fn count_taken(&self, writes: usize) {
        self.0.taken.fetch_add(writes as u64, Ordering::Release);
    }

    pub(super) fn count_commit(&self) {
        self.0.commits.fetch_add(1, Ordering::Release);
    }
}

//! The number under which reads may be kept.

use std::sync::atomic::{AtomicU64, Ordering};

/// Advances with every commit: after it is visible to readers, and before its callers are answered.
///
/// A caller takes the number, reads, and keeps what it read under that number. So:
///
/// - What is kept under a number has every write that was acknowledged before the number was taken: its commit
///   was visible then.
/// - It is not shown after a later write was acknowledged: that write advanced the number first.
/// - A read that races with a commit may have its writes and still be kept under the previous number. It is
///   newer than it says, and is dropped with the next advance like the others.
///
/// Between a commit and its advance, which is a few instructions, what is kept can be older than what another
/// call reads. No caller has the answer of that write yet, so either is true.
#[derive(Debug, Default)]
pub(super) struct Generation(AtomicU64);

/// Set for good once no one advances it any more.
const CLOSED: u64 = 1 << 63;

impl Generation {
    /// The number, until it is closed.
    pub(super) fn number(&self) -> Option<u64> {
        let number = self.0.load(Ordering::Acquire);
        (number & CLOSED == 0).then_some(number)
    }

    /// Invalidates all that was kept.
    pub(super) fn advance(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }

    /// Advances when the result is dropped: after a panic, too.
    pub(super) fn advance_on_drop(&self) -> AdvanceOnDrop<'_> {
        AdvanceOnDrop(self)
    }

    /// From now on nothing may be kept.
    pub(super) fn close(&self) {
        self.0.fetch_or(CLOSED, Ordering::AcqRel);
    }
}

#[must_use]
pub(super) struct AdvanceOnDrop<'a>(&'a Generation);

impl Drop for AdvanceOnDrop<'_> {
    fn drop(&mut self) {
        self.0.advance();
    }
}

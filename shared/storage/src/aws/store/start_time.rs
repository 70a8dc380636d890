//! How long ago the object of a write was stored.

use std::time::Duration;

use domain::Timestamp;
use tokio::time::Instant;

/// Longer than any write takes unless it is paused, and far shorter than the minimum age of an orphan that a
/// sweep removes.
const LONG: Duration = Duration::from_secs(30);

/// When a write began, by two clocks: one may pause with the process, the other may be set.
pub(super) struct StartTime {
    running: Instant,
    wall: Timestamp,
}

impl StartTime {
    pub(super) fn now() -> Self {
        Self { running: Instant::now(), wall: Timestamp::now() }
    }

    /// Whether a sweep may have removed the object in between, or be about to.
    pub(super) fn was_long_ago(&self) -> bool {
        let now = Timestamp::now();
        self.running.elapsed() > LONG || now > self.wall + LONG || now < self.wall - LONG
    }
}

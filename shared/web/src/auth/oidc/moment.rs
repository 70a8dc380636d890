//! A moment by two clocks.
//!
//! The one that tokio uses pauses while a machine is suspended, and perhaps while Lambda has frozen a process. The wall
//! clock goes on, but may be set. The longer time counts.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tokio::time::Instant;

/// The wall clock.
#[derive(Clone)]
pub(super) struct WallClock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

#[derive(Clone, Copy)]
pub(super) struct Moment {
    running: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Whether it is longer ago than this by the clock that may pause.
    pub(super) fn is_older(&self, time: Duration) -> bool {
        self.running.elapsed() > time
    }
}

impl WallClock {
    pub(super) fn new(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> Moment {
        Moment { running: Instant::now(), wall: (self.0)() }
    }

    /// By the clock for which it is longer ago.
    pub(super) fn elapsed(&self, moment: &Moment) -> Duration {
        let by_wall = (self.0)().duration_since(moment.wall).unwrap_or_default();
        by_wall.max(moment.running.elapsed())
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::new(SystemTime::now)
    }
}

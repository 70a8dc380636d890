//! Whether this process is in service.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// The state of the process, shared by readiness, the edge and the server.
#[derive(Clone, Default)]
pub struct Lifecycle(Arc<AtomicU8>);

/// What the process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Not yet in service.
    Starting,
    /// In service.
    Serving,
    /// Going out of service: every response closes its connection.
    Draining,
}

impl Lifecycle {
    /// What the process is doing.
    pub fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Starting,
            1 => Phase::Serving,
            _ => Phase::Draining,
        }
    }

    /// Puts the process into service, unless it is draining already.
    pub fn serving(&self) {
        let _ = self.0.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// Begins to drain.
    pub fn draining(&self) {
        self.0.store(2, Ordering::Relaxed);
    }
}

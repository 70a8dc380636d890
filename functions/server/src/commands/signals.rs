//! The end of the process, by a signal.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The signals that end the process, registered once at the start.
pub(super) struct Signals(Signal, Signal);

impl Signals {
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    pub(super) async fn wait(&mut self) {
        tokio::select! { _ = self.0.recv() => {}, _ = self.1.recv() => {} }
    }
}

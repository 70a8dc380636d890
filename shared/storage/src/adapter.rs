//! What an adapter is to [`connect`](mod@crate::connect): how it is opened, and what it hands over.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{DeadLetters, Environment, EventQueue, Inventory, Stores, environment::WrongEnvironment};

use crate::faults::Faults;

/// A kind of store: implemented by the options of each adapter.
#[async_trait]
pub(crate) trait Adapter: Sync {
    /// Opens the store to serve it. One that is created by this belongs to the `expected` environment.
    async fn serve(&self, expected: Option<&Environment>, faults: Faults) -> Result<Opened, ConnectError>;

    /// Opens the store for a data tool, also beside a running `serve`. Creates and migrates nothing.
    async fn tool(&self, faults: Faults) -> Result<Opened, ConnectError>;
}

/// An open store as its adapter hands it over: not guarded yet.
pub(crate) struct Opened {
    pub(crate) stores: Stores,
    pub(crate) tools: Tools,
    /// It did not exist before.
    pub(crate) created: bool,
    pub(crate) backend: Box<dyn Backend>,
}

/// What a worker and the data tools use, as far as settings and cargo features provide it.
#[derive(Clone, Default)]
pub struct Tools {
    /// The events.
    pub queue: Option<Arc<dyn EventQueue>>,
    /// The dead letters.
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    /// Everything that is stored, for sweeping.
    pub inventory: Option<Arc<dyn Inventory>>,
}

/// What keeps a store open. Dropping it closes the store as well.
#[async_trait]
pub(crate) trait Backend: Send + Sync {
    /// Finishes the writes that are queued or in flight, and closes the store.
    async fn close(self: Box<Self>);

    /// Waits until the store is unusable and only a restart may help: perhaps forever.
    async fn died(&self) {
        std::future::pending::<()>().await;
    }
}

/// Why a store cannot be opened, as one line that says what to do. The store is unchanged.
///
/// No variant has a source: a chain of causes would print the same text again.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The store holds the data of another environment.
    #[error(transparent)]
    WrongEnvironment(WrongEnvironment),
    /// The adapter's own error, such as [`sqlite::OpenError`](crate::sqlite::OpenError).
    #[error("{0}")]
    Store(Box<dyn std::error::Error + Send + Sync>),
}

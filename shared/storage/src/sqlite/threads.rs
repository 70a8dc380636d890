//! The threads of an open store.

use std::{
    sync::Arc,
    thread::{self, JoinHandle},
};

use async_trait::async_trait;
use domain::Stores;
use rusqlite::Connection;
use tokio::{sync::Notify, task};

use super::{
    activity::Activity,
    checkpoint::Log,
    lock::ServeLock,
    queue::Queue,
    readers,
    store::Store,
    uploads::Folder,
    writer::{self, Writer},
};
use crate::{
    adapter::{Backend, Tools},
    faults::Faults,
    uploads::Uploads,
};

/// One for each thread.
pub(super) struct Connections {
    pub(super) writing: Connection,
    pub(super) checkpointing: Connection,
    pub(super) reading: Vec<Connection>,
}

/// One writer, its checkpoints and some readers; dropping them ends them.
pub(super) struct Threads {
    store: Arc<Store>,
    died: Arc<Notify>,
    running: Vec<JoinHandle<()>>,
    lock: Option<ServeLock>,
}

impl Threads {
    pub(super) fn start(
        connections: Connections,
        log: Log,
        faults: Faults,
        activity: Activity,
        lock: Option<ServeLock>,
        uploads: Folder,
    ) -> (Self, Stores, Tools) {
        let Connections { writing: connection, checkpointing, reading } = connections;
        let reads = Arc::new(Queue::new(readers::WAITING));
        let queue = Arc::new(Queue::new(writer::WAITING));
        let store = Arc::new(Store::new(reads.clone(), queue.clone()));
        let (committed, generation) = (store.committed.clone(), store.generation.clone());
        let died = Arc::<Notify>::default();
        let data_version = writer::data_version(&connection);
        let writer = Writer {
            connection,
            queue,
            faults,
            activity,
            generation,
            data_version,
            committed,
            died: died.clone(),
        };
        let passes = log.passes();
        let mut running = vec![
            spawn("sqlite-writer", move || writer.run(&log)),
            spawn("sqlite-checkpoint", move || passes.run(&checkpointing)),
        ];
        running.extend(reading.into_iter().map(|connection| {
            let reads = reads.clone();
            spawn("sqlite-reader", move || readers::run(&connection, &reads))
        }));
        let stores = Stores {
            users: store.clone(),
            avatars: store.clone(),
            renditions: store.clone(),
            uploads: Arc::new(Uploads(uploads)),
            health: store.clone(),
        };
        let tools = Tools {
            queue: Some(store.clone()),
            dead_letters: Some(store.clone()),
            inventory: Some(store.clone()),
        };
        (Self { store, died, running, lock }, stores, tools)
    }
}

#[async_trait]
impl Backend for Threads {
    /// Also checkpoints the log into the main file and ends the threads.
    async fn close(self: Box<Self>) {
        task::spawn_blocking(|| drop(self)).await.expect("closing a store does not panic");
    }

    /// Waits until the writer ends although the store was not closed: no write will succeed any more.
    async fn died(&self) {
        self.died.notified().await;
    }
}

impl Drop for Threads {
    /// Waits for the accepted writes, which takes milliseconds; afterwards the file is unlocked.
    fn drop(&mut self) {
        self.store.close();
        // A thread that panicked has logged it.
        for thread in self.running.drain(..) {
            let _ = thread.join();
        }
        drop(self.lock.take());
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).expect("the system starts threads")
}

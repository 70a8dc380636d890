//! A worker keeps the lease of an event that takes long.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use domain::{AvatarStored, Delivery, Error, EventQueue, QueueDepth, queue::LEASE};
use process_avatar::{Processor, process_events};
use tokio::{sync::Notify, time::Instant};

use crate::support::{Settings, TestApp};

/// The queue of the store, which counts lease extensions and reports when an event is acknowledged.
struct ObservedQueue {
    queue: Arc<dyn EventQueue>,
    extended: AtomicU64,
    acknowledged: Notify,
}

#[async_trait]
impl EventQueue for ObservedQueue {
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        self.queue.receive(max).await
    }

    async fn extend(&self, delivery: &Delivery) -> Result<(), Error> {
        self.extended.fetch_add(1, Ordering::SeqCst);
        self.queue.extend(delivery).await
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error> {
        self.queue.acknowledge(delivery).await?;
        self.acknowledged.notify_one();
        Ok(())
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        self.queue.retry(delivery, after).await
    }

    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        self.queue.postpone(delivery, after).await
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        self.queue.dead_letter(delivery, reason).await
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        self.queue.send(event).await
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        self.queue.depth().await
    }
}

#[tokio::test]
async fn the_lease_of_an_event_is_extended_while_it_is_processed() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let queue = Arc::new(ObservedQueue {
        queue: app.connection.tools.queue.clone().unwrap(),
        extended: AtomicU64::new(0),
        acknowledged: Notify::new(),
    });
    let stores = app.connection.stores.clone();
    let processor = Processor::new(&Settings::default().app(stores).services);
    app.faults.set("renditions.keep=slow:200s").unwrap();
    tokio::time::pause();
    let start = Instant::now();
    process_events(queue.clone(), processor, queue.acknowledged.notified()).await;
    // More than 200 s: the clock runs on while threads of the store and of images work.
    let half_leases = start.elapsed().as_secs() / (LEASE / 2).as_secs();
    let extended = queue.extended.load(Ordering::SeqCst);
    assert!((1..=half_leases).contains(&extended), "{extended} times in {half_leases} half leases");
    assert_eq!(queue.depth().await.unwrap(), QueueDepth::default());
}

//! The tools behind the guard.
//!
//! Whatever takes or changes data is guarded. Two kinds of calls are not: reports on an event that was
//! delivered, since an event must not count as failed because the store cannot be asked, and the depth of the
//! queue, which an operator needs in every state.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::{
    AvatarStored, DeadLetter, DeadLetters, Delivery, Error, EventQueue, Finding, Grace, Inventory,
    QueueDepth, References, Removal, SweepPage, SweepStage, queue::ExistingLetters,
};

use crate::{adapter::Tools, guard::Guard};

pub(super) fn guarded(tools: Tools, guard: &Guard) -> Tools {
    let Tools { queue, dead_letters, inventory } = tools;
    Tools {
        queue: queue.map(|tool| Arc::new(Guarded { tool, guard: guard.clone() }) as _),
        dead_letters: dead_letters.map(|tool| Arc::new(Guarded { tool, guard: guard.clone() }) as _),
        inventory: inventory.map(|tool| Arc::new(Guarded { tool, guard: guard.clone() }) as _),
    }
}

struct Guarded<T: ?Sized> {
    tool: Arc<T>,
    guard: Guard,
}

#[async_trait]
impl EventQueue for Guarded<dyn EventQueue> {
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        self.guard.pass().await?;
        self.tool.receive(max).await
    }

    async fn extend(&self, delivery: &Delivery) -> Result<(), Error> {
        self.tool.extend(delivery).await
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error> {
        self.tool.acknowledge(delivery).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        self.tool.retry(delivery, after).await
    }

    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        self.tool.postpone(delivery, after).await
    }

    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        self.tool.dead_letter(delivery, reason).await
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        self.guard.pass().await?;
        self.tool.send(event).await
    }

    async fn depth(&self) -> Result<QueueDepth, Error> {
        self.tool.depth().await
    }
}

#[async_trait]
impl DeadLetters for Guarded<dyn DeadLetters> {
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
        self.guard.pass().await?;
        self.tool.receive().await
    }

    async fn existing(&self) -> Result<ExistingLetters, Error> {
        self.guard.pass().await?;
        self.tool.existing().await
    }

    async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        self.tool.extend(letters).await
    }

    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        self.tool.release(letters).await
    }

    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error> {
        self.guard.pass().await?;
        self.tool.redrive(letter).await
    }

    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error> {
        self.guard.pass().await?;
        self.tool.remove(letter).await
    }
}

#[async_trait]
impl Inventory for Guarded<dyn Inventory> {
    async fn confirm(&self) -> Result<(), Error> {
        self.guard.pass().await?;
        self.tool.confirm().await
    }

    async fn claim(&self) -> Result<(), Error> {
        self.guard.pass().await?;
        self.tool.claim().await
    }

    async fn references(&self, after: Option<&str>) -> Result<References, Error> {
        self.guard.pass().await?;
        self.tool.references(after).await
    }

    async fn walk(&self, stage: SweepStage, after: Option<&str>, grace: Grace) -> Result<SweepPage, Error> {
        self.guard.pass().await?;
        self.tool.walk(stage, after, grace).await
    }

    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error> {
        self.guard.pass().await?;
        self.tool.remove(findings).await
    }
}

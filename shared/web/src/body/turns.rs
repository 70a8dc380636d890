//! Turns for work whose memory is unknown until it has begun.

use tokio::sync::{Semaphore, SemaphorePermit};

/// Admits a bounded number at once, and a bounded number that wait: the next is refused.
pub struct Turns {
    places: Semaphore,
    entered: Semaphore,
}

/// A place, until it is dropped.
pub struct Turn<'a> {
    _place: SemaphorePermit<'a>,
    _entered: SemaphorePermit<'a>,
}

impl Turns {
    /// `places` at once, and at most `waiting` that wait for one.
    pub fn new(places: usize, waiting: usize) -> Self {
        Self { places: Semaphore::new(places), entered: Semaphore::new(places + waiting) }
    }

    /// Waits for a place; `None` if too many are waiting already.
    pub async fn take(&self) -> Option<Turn<'_>> {
        let entered = self.entered.try_acquire().ok()?;
        let place = self.places.acquire().await.expect("never closed");
        Some(Turn { _place: place, _entered: entered })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::poll;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_the_next_and_all_others_get_their_turn() {
        let turns = Turns::new(1, 2);
        let first = turns.take().await.unwrap();
        let (mut second, mut third) = (Box::pin(turns.take()), Box::pin(turns.take()));
        assert!(poll!(second.as_mut()).is_pending());
        assert!(poll!(third.as_mut()).is_pending());
        assert!(turns.take().await.is_none());
        drop(third);
        assert!(poll!(Box::pin(turns.take())).is_pending(), "a dropped caller left the queue");
        drop(first);
        assert!(second.await.is_some());
    }
}

//! Turns for what takes memory before it is known how much.

use tokio::sync::{Semaphore, SemaphorePermit};

/// A bounded number at once, and a bounded number waiting: the next is refused.
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
    /// `places` at once, and `waiting` who wait for one.
    pub fn new(places: usize, waiting: usize) -> Self {
        Self { places: Semaphore::new(places), entered: Semaphore::new(places + waiting) }
    }

    /// Waits for a place; none where too many wait already.
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
    async fn past_those_who_wait_the_next_is_refused_and_all_others_get_their_turn() {
        let turns = Turns::new(1, 2);
        let first = turns.take().await.unwrap();
        let (mut second, mut third) = (Box::pin(turns.take()), Box::pin(turns.take()));
        assert!(poll!(second.as_mut()).is_pending());
        assert!(poll!(third.as_mut()).is_pending());
        assert!(turns.take().await.is_none());
        drop(third);
        assert!(poll!(Box::pin(turns.take())).is_pending(), "one who went away left the queue");
        drop(first);
        assert!(second.await.is_some());
    }
}

//! Writes under way.
//!
//! A write on AWS is several calls. Its caller may go away between two of them, but then the write goes on: stopping
//! there would leave it half-way. Whoever asks for the same user afterwards waits until it is done, so that what they see
//! does not change under their eyes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{Error, UserId};
use tokio::sync::Notify;
use tracing::Instrument as _;

/// How many writes each user has under way.
#[derive(Default)]
pub(crate) struct InFlight {
    writes: Mutex<HashMap<UserId, usize>>,
    settled: Notify,
}

impl InFlight {
    /// Runs `write` to its end, whether or not the caller waits for it.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        user: UserId,
        write: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let ticket = self.begin(user);
        let whole = async move {
            let answer = write.await;
            drop(ticket);
            answer
        };
        let answer = tokio::spawn(whole.in_current_span()).await;
        answer.unwrap_or_else(|panic| Err(Error::unavailable(panic)))
    }

    /// Waits until no write of this user is under way.
    pub(super) async fn settled(&self, user: &UserId) {
        self.until(|writes| !writes.contains_key(user)).await;
    }

    /// Waits until no write is under way.
    pub(crate) async fn all_settled(&self) {
        self.until(HashMap::is_empty).await;
    }

    async fn until(&self, reached: impl Fn(&HashMap<UserId, usize>) -> bool) {
        loop {
            // Before the look: what settles between the two is not missed.
            let settled = self.settled.notified();
            if reached(&self.writes.lock().unwrap_or_else(PoisonError::into_inner)) {
                return;
            }
            settled.await;
        }
    }

    fn begin(self: &Arc<Self>, user: UserId) -> Ticket {
        *self.writes.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default() += 1;
        Ticket { in_flight: self.clone(), user }
    }
}

/// One write under way, until it is dropped: by a panic too.
struct Ticket {
    in_flight: Arc<InFlight>,
    user: UserId,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut writes = self.in_flight.writes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = writes.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                writes.remove(&self.user);
                self.in_flight.settled.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::sync::oneshot;

    use super::*;

    const ADA: UserId = UserId::from_bytes([1; 32]);
    const BOB: UserId = UserId::from_bytes([2; 32]);

    #[tokio::test]
    async fn a_write_whose_caller_went_away_is_finished_before_the_user_is_looked_at() {
        let writes = Arc::new(InFlight::default());
        let (go_on, told) = oneshot::channel::<()>();
        let (done, mut outcome) = oneshot::channel();
        let mut call = Box::pin(writes.run(ADA, async move {
            told.await.map_err(Error::unavailable)?;
            done.send(()).map_err(|()| Error::NotFound)
        }));
        poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        drop(call);

        writes.settled(&BOB).await;
        assert!(outcome.try_recv().is_err());
        go_on.send(()).unwrap();
        writes.settled(&ADA).await;
        outcome.try_recv().unwrap();
        writes.all_settled().await;
    }

    #[tokio::test]
    async fn a_write_that_panics_has_an_unknown_outcome_and_is_over() {
        let writes = Arc::new(InFlight::default());
        let answer = writes.run(ADA, async { panic!("defect") }).await;
        assert!(matches!(answer, Err::<(), _>(Error::Unavailable(_))));
        writes.settled(&ADA).await;
    }
}

//! Writes in flight.
//!
//! A write takes several calls. If its caller goes away between two of them, the write goes on: stopping there would
//! leave it half done on AWS, and undecided in PostgreSQL. Later reads of the same user wait until it is done, so that what
//! they return does not change afterwards.

use std::{
    collections::HashMap,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{Error, UserId};
use tokio::sync::Notify;
use tracing::Instrument as _;

#[derive(Default)]
pub(crate) struct InFlight {
    writes: Mutex<Writes>,
    ended: Notify,
}

#[derive(Default)]
struct Writes {
    last: u64,
    /// By number: the user, and whether the caller has gone away.
    running: HashMap<u64, (UserId, bool)>,
}

impl InFlight {
    /// Runs `write` to its end, even if the caller goes away.
    #[cfg(any(feature = "dynamodb", test))]
    pub(crate) fn run<T: Send + 'static>(
        self: &Arc<Self>,
        user: UserId,
        write: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        self.run_begun(self.begin(user), Box::pin(write))
    }

    /// The same, but writes of one user run one after the other.
    #[cfg(feature = "postgres")]
    pub(crate) fn run_in_turn<T: Send + 'static>(
        self: &Arc<Self>,
        user: UserId,
        write: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> impl Future<Output = Result<T, Error>> + Send {
        let (guard, in_flight) = (self.begin(user), self.clone());
        let number = guard.number;
        let in_turn = async move {
            let is_earlier = |(other, (of, _)): (&u64, &(UserId, bool))| *other < number && *of == user;
            in_flight.until(|writes| !writes.running.iter().any(is_earlier)).await;
            write.await
        };
        self.run_begun(guard, Box::pin(in_turn))
    }

    async fn run_begun<T: Send + 'static>(
        self: &Arc<Self>,
        guard: WriteGuard,
        // On the heap: it is large.
        write: Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>,
    ) -> Result<T, Error> {
        let caller = Caller { in_flight: self.clone(), number: guard.number };
        let whole = async move {
            let answer = write.await;
            drop(guard);
            answer
        };
        let answer = tokio::spawn(whole.in_current_span()).await;
        drop(caller);
        answer.unwrap_or_else(|panic| Err(Error::unavailable(panic)))
    }

    /// Waits for the writes of this user whose callers went away: those in flight now, not later ones.
    pub(crate) async fn wait_for_user(&self, user: &UserId) {
        let abandoned: Vec<_> = {
            let writes = self.lock();
            let abandoned = writes.running.iter().filter(|(_, write)| **write == (*user, true));
            abandoned.map(|(number, _)| *number).collect()
        };
        if !abandoned.is_empty() {
            self.until(|writes| abandoned.iter().all(|number| !writes.running.contains_key(number))).await;
        }
    }

    /// Waits until no write is in flight.
    pub(crate) async fn wait_for_all(&self) {
        self.until(|writes| writes.running.is_empty()).await;
    }

    async fn until(&self, reached: impl Fn(&Writes) -> bool) {
        loop {
            // Before the check: a write that ends between the two is not missed.
            let ended = self.ended.notified();
            if reached(&self.lock()) {
                return;
            }
            ended.await;
        }
    }

    fn begin(self: &Arc<Self>, user: UserId) -> WriteGuard {
        let mut writes = self.lock();
        writes.last += 1;
        let number = writes.last;
        writes.running.insert(number, (user, false));
        WriteGuard { in_flight: self.clone(), number }
    }

    fn lock(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A write in flight, until this is dropped: by a panic too.
struct WriteGuard {
    in_flight: Arc<InFlight>,
    number: u64,
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        self.in_flight.lock().running.remove(&self.number);
        self.in_flight.ended.notify_waiters();
    }
}

/// The caller that waits for a write. If dropped before the write is done, the write has no caller.
struct Caller {
    in_flight: Arc<InFlight>,
    number: u64,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if let Some((_, abandoned)) = self.in_flight.lock().running.get_mut(&self.number) {
            *abandoned = true;
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
    async fn a_write_whose_caller_went_away_is_finished_before_the_user_is_read() {
        let writes = Arc::new(InFlight::default());
        let (go_on, resumed) = oneshot::channel::<()>();
        let (done, mut outcome) = oneshot::channel();
        let mut call = Box::pin(writes.run(ADA, async move {
            resumed.await.map_err(Error::unavailable)?;
            done.send(()).map_err(|()| Error::NotFound)
        }));
        poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        drop(call);

        writes.wait_for_user(&BOB).await;
        assert!(outcome.try_recv().is_err());
        go_on.send(()).unwrap();
        writes.wait_for_user(&ADA).await;
        outcome.try_recv().unwrap();
        writes.wait_for_all().await;
    }

    #[tokio::test]
    async fn a_write_with_a_waiting_caller_blocks_no_other_call() {
        let writes = Arc::new(InFlight::default());
        let mut call = Box::pin(writes.run(ADA, std::future::pending::<Result<(), Error>>()));
        poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        writes.wait_for_user(&ADA).await;
    }

    #[cfg(feature = "postgres")]
    #[tokio::test]
    async fn writes_of_one_user_run_in_turn_and_those_of_others_do_not_wait() {
        let writes = Arc::new(InFlight::default());
        let (go_on, resumed) = oneshot::channel::<()>();
        let first = writes.run_in_turn(ADA, async move { resumed.await.map_err(Error::unavailable) });
        let mut first = Box::pin(first);
        let (begun, mut begins) = oneshot::channel();
        let second = writes.run_in_turn(ADA, async move { begun.send(()).map_err(|()| Error::NotFound) });
        let mut second = Box::pin(second);
        for mut call in [first.as_mut() as std::pin::Pin<&mut dyn Future<Output = _>>, second.as_mut()] {
            poll_fn(|cx| std::task::Poll::Ready(call.as_mut().poll(cx).is_pending())).await;
        }
        writes.run_in_turn(BOB, async { Ok(()) }).await.unwrap();
        assert!(begins.try_recv().is_err());
        go_on.send(()).unwrap();
        first.await.unwrap();
        second.await.unwrap();
        begins.try_recv().unwrap();
    }

    #[tokio::test]
    async fn a_write_that_panics_has_an_unknown_outcome_and_ends() {
        let writes = Arc::new(InFlight::default());
        let answer = writes.run(ADA, async { panic!("defect") }).await;
        assert!(matches!(answer, Err::<(), _>(Error::Unavailable(_))));
        writes.wait_for_user(&ADA).await;
    }
}

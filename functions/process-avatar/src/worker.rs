//! The worker: takes events from a queue until it is told to stop.

use std::{collections::BTreeSet, mem, num::NonZero, sync::Arc, time::Duration};

use domain::{Delivery, Error, EventQueue, queue::LEASE};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{Outcome, Processor};

/// The first wait before an event is tried again; it doubles each time.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest one.
const LAST_RETRY: Duration = Duration::from_mins(5);

/// How long to wait after a queue that failed.
const QUEUE_AGAIN: Duration = Duration::from_secs(2);

/// How long events under way may take once it is told to stop. What is not done by then is handed out again.
const FINISH_WITHIN: Duration = Duration::from_secs(25);

/// Works the events of `queue`, as many at once as there are cores, until `stop`; then finishes those that it has.
pub async fn work(queue: Arc<dyn EventQueue>, processor: Processor, stop: impl Future<Output = ()>) {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let turns = Arc::new(Semaphore::new(cores));
    let mut working = JoinSet::new();
    let mut silence = Silence::default();
    tokio::pin!(stop);
    loop {
        // Nothing is taken that could not begin at once.
        let turn = tokio::select! {
            biased;
            () = &mut stop => break,
            turn = turns.clone().acquire_owned() => turn.expect("never closed"),
        };
        let max = 1 + turns.available_permits();
        let received = tokio::select! {
            biased;
            // A receive that is dropped loses nothing.
            () = &mut stop => break,
            received = queue.receive(max.min(10)) => received,
        };
        drop(turn);
        while working.try_join_next().is_some() {}
        match received {
            Ok(deliveries) => {
                if silence.ends() {
                    tracing::info!("the queue of events answers again");
                }
                for delivery in deliveries {
                    let turn = turns.clone().acquire_owned().await.expect("never closed");
                    let (queue, processor) = (queue.clone(), processor.clone());
                    working.spawn(async move {
                        one(queue.as_ref(), &processor, &delivery).await;
                        drop(turn);
                    });
                }
            }
            Err(error) => {
                if silence.is_news(&error) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "the queue of events does not answer");
                }
                tokio::select! { () = &mut stop => break, () = sleep(QUEUE_AGAIN) => {} }
            }
        }
    }
    let finished = timeout(FINISH_WITHIN, async { while working.join_next().await.is_some() {} });
    if finished.await.is_err() {
        tracing::warn!(events = working.len(), "events were left to the next worker");
    }
}

/// Why the queue does not answer: each reason is told once, until it answers again.
#[derive(Default)]
struct Silence(BTreeSet<String>);

impl Silence {
    fn is_news(&mut self, error: &Error) -> bool {
        self.0.insert(error.reason())
    }

    /// Whether there was one.
    fn ends(&mut self) -> bool {
        !mem::take(&mut self.0).is_empty()
    }
}

/// Works an event to its end, and tells the queue.
async fn one(queue: &dyn EventQueue, processor: &Processor, delivery: &Delivery) {
    let outcome = {
        let handling = processor.handle(delivery);
        tokio::pin!(handling);
        let mut extend = interval_at(Instant::now() + LEASE / 2, LEASE / 2);
        extend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                outcome = &mut handling => break outcome,
                _ = extend.tick() => told(queue.extend(delivery).await, delivery),
            }
        }
    };
    told(settle(queue, delivery, &outcome).await, delivery);
}

/// Tells the queue what became of an event.
///
/// # Errors
/// Those of the queue: the event is then handed out again.
pub(crate) async fn settle(
    queue: &dyn EventQueue,
    delivery: &Delivery,
    outcome: &Outcome,
) -> Result<(), Error> {
    match outcome {
        Outcome::Done => queue.settle(delivery).await,
        Outcome::Dead(reason) => queue.bury(delivery, reason).await,
        Outcome::Retry { .. } => queue.retry(delivery, back_off(delivery.receives)).await,
        Outcome::Postpone { not_before, .. } => {
            queue.postpone(delivery, back_off(delivery.postponed + 1).max(*not_before)).await
        }
    }
}

/// A time up to twice that of the try before, chosen by chance, so that what failed together does not come back together.
fn back_off(tries: u32) -> Duration {
    let longest = FIRST_RETRY.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LAST_RETRY);
    longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
}

fn told(answer: Result<(), Error>, delivery: &Delivery) {
    if let Err(error) = answer {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(event.id = delivery.id, error, "the queue was not told; the event will come again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_does_not_answer_is_told_once_for_each_reason_and_once_when_it_answers_again() {
        let mut silence = Silence::default();
        assert!(!silence.ends(), "it never was silent");
        for (reason, is_news) in [("denied", true), ("denied", false), ("away", true), ("denied", false)] {
            assert_eq!(silence.is_news(&Error::unavailable(reason)), is_news, "{reason}");
        }
        assert_eq!((silence.ends(), silence.ends()), (true, false));
        assert!(silence.is_news(&Error::unavailable("denied")));
    }

    #[test]
    fn each_try_waits_up_to_twice_as_long_and_at_most_five_minutes() {
        for (receives, longest_s) in [(0, 1), (1, 1), (2, 2), (3, 4), (5, 16), (12, 300), (u32::MAX, 300)] {
            let longest = Duration::from_secs(longest_s);
            for _ in 0..20 {
                let waited = back_off(receives);
                assert!(waited <= longest && waited >= longest / 2, "{receives}: {waited:?}");
            }
        }
    }
}

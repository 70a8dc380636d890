//! The worker: processes the events of a queue until it is stopped.

use std::{collections::BTreeSet, mem, num::NonZero, sync::Arc, time::Duration};

use domain::{Delivery, Error, EventQueue, queue::LEASE};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval_at, sleep, timeout},
};

use crate::{Outcome, Processor};

/// The first delay before an event is retried; it doubles with each retry.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The longest delay.
const LAST_RETRY: Duration = Duration::from_mins(5);

/// How long to wait after a failed receive.
const RECEIVE_RETRY: Duration = Duration::from_secs(2);

/// How long events in flight may take after the stop. Events that are not done by then are redelivered.
const FINISH_TIMEOUT: Duration = Duration::from_secs(25);

/// Processes the events of `queue`, one per core at a time, until `stop`; then finishes those in flight.
pub async fn process_events(
    queue: Arc<dyn EventQueue>,
    processor: Processor,
    stop: impl Future<Output = ()>,
) {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let permits = Arc::new(Semaphore::new(cores));
    let mut in_progress = JoinSet::new();
    let mut outage = QueueOutage::default();
    tokio::pin!(stop);
    loop {
        // Only receive what can begin at once.
        let permit = tokio::select! {
            biased;
            () = &mut stop => break,
            permit = permits.clone().acquire_owned() => permit.expect("never closed"),
        };
        let max = 1 + permits.available_permits();
        let received = tokio::select! {
            biased;
            // A dropped receive loses nothing.
            () = &mut stop => break,
            received = queue.receive(max.min(10)) => received,
        };
        drop(permit);
        while in_progress.try_join_next().is_some() {}
        match received {
            Ok(deliveries) => {
                if outage.end() {
                    tracing::info!("event queue is available again");
                }
                for delivery in deliveries {
                    let permit = permits.clone().acquire_owned().await.expect("never closed");
                    let (queue, processor) = (queue.clone(), processor.clone());
                    in_progress.spawn(async move {
                        process(queue.as_ref(), &processor, &delivery).await;
                        drop(permit);
                    });
                }
            }
            Err(error) => {
                if outage.is_new(&error) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "could not receive events from the queue; retrying");
                }
                tokio::select! { () = &mut stop => break, () = sleep(RECEIVE_RETRY) => {} }
            }
        }
    }
    let finished = timeout(FINISH_TIMEOUT, async { while in_progress.join_next().await.is_some() {} });
    if finished.await.is_err() {
        tracing::warn!(events = in_progress.len(), "stopped with events in flight; they will be redelivered");
    }
}

/// Why the queue is unavailable: each reason is logged once, until it is available again.
#[derive(Default)]
struct QueueOutage(BTreeSet<String>);

impl QueueOutage {
    fn is_new(&mut self, error: &Error) -> bool {
        self.0.insert(error.reason())
    }

    /// Whether it was unavailable.
    fn end(&mut self) -> bool {
        !mem::take(&mut self.0).is_empty()
    }
}

/// Processes an event, extends its lease meanwhile, and reports the outcome to the queue.
async fn process(queue: &dyn EventQueue, processor: &Processor, delivery: &Delivery) {
    let outcome = {
        let handling = processor.handle(delivery);
        tokio::pin!(handling);
        let mut extend = interval_at(Instant::now() + LEASE / 2, LEASE / 2);
        extend.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                outcome = &mut handling => break outcome,
                _ = extend.tick() => log_failure(queue.extend(delivery).await, delivery),
            }
        }
    };
    log_failure(report(queue, delivery, &outcome).await, delivery);
}

/// Reports the outcome of an event to the queue.
///
/// # Errors
/// Those of the queue: the event is then redelivered.
pub(crate) async fn report(
    queue: &dyn EventQueue,
    delivery: &Delivery,
    outcome: &Outcome,
) -> Result<(), Error> {
    match outcome {
        Outcome::Done => queue.acknowledge(delivery).await,
        Outcome::Dead(reason) => queue.dead_letter(delivery, reason).await,
        Outcome::Retry { .. } => queue.retry(delivery, back_off(delivery.receives)).await,
        Outcome::Postpone { not_before, .. } => {
            queue.postpone(delivery, back_off(delivery.postponed + 1).max(*not_before)).await
        }
    }
}

/// A delay that doubles with each try, with jitter: events that fail together are not retried together.
fn back_off(tries: u32) -> Duration {
    let longest = FIRST_RETRY.saturating_mul(1 << tries.saturating_sub(1).min(16)).min(LAST_RETRY);
    longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5))
}

fn log_failure(answer: Result<(), Error>, delivery: &Delivery) {
    if let Err(error) = answer {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(
            event.id = delivery.id,
            error,
            "could not update the event in the queue; it may be redelivered"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_queue_error_is_logged_once_per_outage() {
        let mut outage = QueueOutage::default();
        assert!(!outage.end(), "it was never unavailable");
        for (reason, is_new) in [("denied", true), ("denied", false), ("away", true), ("denied", false)] {
            assert_eq!(outage.is_new(&Error::unavailable(reason)), is_new, "{reason}");
        }
        assert_eq!((outage.end(), outage.end()), (true, false));
        assert!(outage.is_new(&Error::unavailable("denied")));
    }

    #[test]
    fn the_delay_doubles_with_each_try_up_to_five_minutes() {
        for (receives, longest_s) in [(0, 1), (1, 1), (2, 2), (3, 4), (5, 16), (12, 300), (u32::MAX, 300)] {
            let longest = Duration::from_secs(longest_s);
            for _ in 0..20 {
                let waited = back_off(receives);
                assert!(waited <= longest && waited >= longest / 2, "{receives}: {waited:?}");
            }
        }
    }
}

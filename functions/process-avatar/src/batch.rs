//! An SQS batch, as Lambda passes it to the function.

use std::{sync::Arc, time::Duration};

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    Delivery, EventQueue, Timestamp,
    queue::attribute::{FAILURES, POSTPONED, SENT_AT},
};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use crate::{Outcome, Processor, worker::report};

/// How long before the deadline processing ends: what is left is postponed meanwhile. If Lambda killed the function, it
/// would deliver the whole batch again, and count it.
const RESERVED: Duration = Duration::from_secs(5);

/// How long before the deadline the answer is given.
const ANSWERED: Duration = Duration::from_millis(500);

/// At most this part of a short time is reserved.
const PART: u32 = 3;

/// An event of this age is at fault if all the time of a batch is too short for it: AWS is not slow for that long.
const AGE: Duration = Duration::from_hours(24);

/// Processes the messages one after the other until shortly before `deadline`; if `bucket` is set, objects must be in it.
/// Returns those that failed, which SQS redelivers after the visibility timeout, counting the delivery.
///
/// Postponed events are sent anew and dead letters are moved here: neither is returned as failed. Events that there is
/// no time for are postponed, so that a slow AWS does not make dead letters of them. The first of a batch has all the
/// time: if that is too short for an event which is a day old, it has failed, so that it becomes a dead letter in the end.
pub async fn batch(
    queue: Arc<dyn EventQueue>,
    processor: Processor,
    bucket: Option<String>,
    event: SqsEvent,
    deadline: Instant,
) -> SqsBatchResponse {
    let left = deadline.saturating_duration_since(Instant::now());
    let stop = deadline - RESERVED.min(left / PART);
    let mut response = SqsBatchResponse::default();
    let mut late = Vec::new();
    for (number, message) in event.records.into_iter().enumerate() {
        let delivery = delivery(message, bucket.as_deref());
        // Not even begun after the time: a timer alone would poll the handler once.
        if Instant::now() >= stop {
            late.push(delivery);
            continue;
        }
        let is_old = Timestamp::now().duration_since(delivery.sent_at) >= AGE;
        let outcome = match timeout_at(stop, processor.handle(&delivery)).await {
            Ok(outcome) => outcome,
            Err(_) if number == 0 && is_old => {
                tracing::warn!(
                    event.id = delivery.id,
                    "an event of a day ago takes longer than a batch may; it has failed"
                );
                let why = "it takes longer than a batch may".to_owned();
                Outcome::Retry { why }.after_last_retry(delivery.receives)
            }
            Err(_) => {
                late.push(delivery);
                continue;
            }
        };
        if !is_over(queue.as_ref(), &delivery, &outcome).await {
            response.batch_item_failures.push(failure(delivery.id));
        }
    }
    if !late.is_empty() {
        tracing::warn!(events = late.len(), "no time left for the rest of a batch; postponing it");
        let answered = deadline - ANSWERED.min(left / PART / 2);
        response.batch_item_failures.extend(postpone(&queue, late, answered).await.into_iter().map(failure));
    }
    response
}

/// Whether nothing is left to do for Lambda.
async fn is_over(queue: &dyn EventQueue, delivery: &Delivery, outcome: &Outcome) -> bool {
    match outcome {
        // Lambda deletes it.
        Outcome::Done => true,
        Outcome::Retry { .. } => false,
        Outcome::Postpone { .. } | Outcome::Dead(_) => match report(queue, delivery, outcome).await {
            Ok(()) => true,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(
                    event.id = delivery.id,
                    error,
                    "could not report the event's outcome to the queue; it will be redelivered"
                );
                false
            }
        },
    }
}

/// Postpones these events, all at once. Returns the ids of those that could not be, within that time.
async fn postpone(queue: &Arc<dyn EventQueue>, late: Vec<Delivery>, by: Instant) -> Vec<String> {
    let mut failed: Vec<_> = late.iter().map(|delivery| delivery.id.clone()).collect();
    let mut reports = JoinSet::new();
    for delivery in late {
        let queue = queue.clone();
        reports.spawn(async move {
            let why = "no time was left for the event".to_owned();
            let outcome = Outcome::Postpone { why, not_before: Duration::ZERO };
            is_over(queue.as_ref(), &delivery, &outcome).await.then_some(delivery.id)
        });
    }
    while let Ok(Some(report)) = timeout_at(by, reports.join_next()).await {
        if let Ok(Some(done)) = report {
            failed.retain(|id| *id != done);
        }
    }
    failed
}

fn failure(id: String) -> BatchItemFailure {
    let mut failure = BatchItemFailure::default();
    failure.item_identifier = id;
    failure
}

fn delivery(message: SqsMessage, bucket: Option<&str>) -> Delivery {
    let number = |name: &str| message.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let own = |name: &str| message.message_attributes.get(name)?.string_value.as_deref()?.parse::<i64>().ok();
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let receives = number("ApproximateReceiveCount").unwrap_or(1);
    let sent_at = own(SENT_AT).or_else(|| number("SentTimestamp"));
    let sent_at = sent_at.and_then(|ms| Timestamp::from_millisecond(ms).ok());
    let body = message.body.unwrap_or_default();
    Delivery {
        receives: count(receives.saturating_add(own(FAILURES).unwrap_or(0))),
        postponed: count(own(POSTPONED).unwrap_or(0)),
        sent_at: sent_at.unwrap_or(Timestamp::UNIX_EPOCH),
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        event: storage::aws::decode(&body, bucket),
        raw: Some(body),
    }
}

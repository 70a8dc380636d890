//! An SQS batch, as Lambda passes it to the function.

use std::sync::Arc;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{
    Delivery, EventQueue, Timestamp,
    queue::attribute::{FAILURES, POSTPONED, SENT_AT},
};

use crate::{Outcome, Processor, worker::report};

/// Processes the messages one after the other; if `bucket` is set, objects must be in it. Returns those that failed, which SQS redelivers after the
/// visibility timeout, counting the delivery.
///
/// Postponed events are sent anew and dead letters are moved here: neither is returned as failed.
pub async fn batch(
    queue: Arc<dyn EventQueue>,
    processor: Processor,
    bucket: Option<String>,
    event: SqsEvent,
) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let id = message.message_id.clone().unwrap_or_default();
        let delivery = delivery(message, bucket.as_deref());
        let is_over = match processor.handle(&delivery).await {
            // Lambda deletes it.
            Outcome::Done => true,
            Outcome::Retry { .. } => false,
            over @ (Outcome::Postpone { .. } | Outcome::Dead(_)) => {
                match report(queue.as_ref(), &delivery, &over).await {
                    Ok(()) => true,
                    Err(error) => {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(
                            event.id = id,
                            error,
                            "could not report the event's outcome to the queue; it will be redelivered"
                        );
                        false
                    }
                }
            }
        };
        if !is_over {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
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

//! A batch of SQS, as Lambda hands it to the function.

use std::sync::Arc;

use aws_lambda_events::sqs::{BatchItemFailure, SqsBatchResponse, SqsEvent, SqsMessage};
use domain::{Delivery, EventQueue, Timestamp};

use crate::{Outcome, Processor, worker::settle};

/// Works the messages, one after the other; answers those that SQS shall hand out again after its visibility timeout.
///
/// What nobody could work is moved to the dead letters here, and is none of them: a batch with one bad event among good ones
/// is not tried again.
pub async fn batch(queue: Arc<dyn EventQueue>, processor: Processor, event: SqsEvent) -> SqsBatchResponse {
    let mut response = SqsBatchResponse::default();
    for message in event.records {
        let id = message.message_id.clone().unwrap_or_default();
        let delivery = delivery(message);
        let is_over = match processor.handle(&delivery).await {
            // Lambda removes it.
            Outcome::Done => true,
            Outcome::Retry { .. } => false,
            dead @ Outcome::Dead(_) => match settle(queue.as_ref(), &delivery, &dead).await {
                Ok(()) => true,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        event.id = id,
                        error,
                        "the dead letter was not kept; the event will come again"
                    );
                    false
                }
            },
        };
        if !is_over {
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    response
}

fn delivery(message: SqsMessage) -> Delivery {
    let number = |name: &str| message.attributes.get(name).and_then(|value| value.parse::<i64>().ok());
    let receives = number("ApproximateReceiveCount").and_then(|receives| u32::try_from(receives).ok());
    let sent_at = number("SentTimestamp").and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Delivery {
        receives: receives.unwrap_or(1),
        sent_at: sent_at.unwrap_or(Timestamp::UNIX_EPOCH),
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle.unwrap_or_default(),
        payload: message.body.unwrap_or_default(),
    }
}

//! The queue of events and the one of dead letters, in SQS.
//!
//! Both are given by their URLs; the client is created by the first call. A call that is dropped while it
//! waits for an event may already have received one: SQS redelivers it when its lease ends.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_sqs::{
    Client,
    types::{
        ChangeMessageVisibilityBatchRequestEntry as Entry, Message, MessageAttributeValue,
        MessageSystemAttributeName, QueueAttributeName,
    },
};
use domain::{
    AvatarStored, DeadLetter, DeadLetters, Delivery, Error, EventQueue, QueueDepth, Timestamp,
    queue::{
        ExistingLetters, LEASE,
        attribute::{FAILURES, POSTPONED, SENT_AT},
    },
};
use tokio::{
    sync::OnceCell,
    task::{JoinSet, spawn_blocking},
    time::sleep,
};

use super::{
    call::Call, clients, error, notification::decode, response_date::ResponseDate, session::Session,
};
use crate::{event_json, faults::Faults};

/// What a date of HTTP is exact to.
const SECOND: Duration = Duration::from_secs(1);

/// How long a call waits for an event: the maximum of SQS.
const WAIT_S: i32 = 20;

/// How long receiving dead letters waits: a non-zero wait makes SQS query all servers, so an empty answer is
/// reliable.
const LETTERS_WAIT_S: i32 = 1;

/// The maximum of SQS in one response.
const MAX_MESSAGES: i32 = 10;

/// The maximum of SQS in one request.
const BATCH: usize = 10;

/// How many requests about dead letters wait for their answers at a time: the leases of 100,000 letters are extended
/// within half a minute, by some 50 ms per request.
const REQUESTS: usize = 32;

/// The maximum delay of a new message in SQS.
const MAX_DELAY: Duration = Duration::from_mins(15);

/// Attributes of a dead letter.
const REASON: &str = "reason";
const RECEIVES: &str = "receives";

/// Maximum length of a reason, which is for people.
const REASON_CHARS: usize = 500;

pub(super) struct Queue {
    events: String,
    dead_letters: String,
    /// Objects must be in it.
    bucket: Option<String>,
    session: Arc<Session>,
    client: OnceCell<Client>,
    faults: Faults,
}

impl Queue {
    /// Both queues; the client is created when it is first used.
    pub(super) fn new(
        events: String,
        dead_letters: String,
        bucket: Option<String>,
        faults: Faults,
        session: Arc<Session>,
    ) -> Self {
        Self { events, dead_letters, bucket, session, client: OnceCell::new(), faults }
    }

    /// Every call waits here for credentials.
    async fn client(&self) -> Result<&Client, Error> {
        let config = self.session.config().await?;
        let make = || async {
            let config = config.clone();
            spawn_blocking(move || clients::sqs(&config)).await.map_err(Error::unavailable)
        };
        self.client.get_or_try_init(make).await
    }

    async fn receive_from(&self, url: &str, max: i32, wait_s: i32) -> Result<Vec<Message>, Error> {
        let request = self
            .client()
            .await?
            .receive_message()
            .queue_url(url)
            .max_number_of_messages(max)
            .wait_time_seconds(wait_s)
            .visibility_timeout(seconds(LEASE))
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_attribute_names("All")
            .customize()
            .config_override(clients::waiting(Duration::from_secs(u64::from(wait_s.unsigned_abs()))));
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(url, error)) });
        let received = self.faults.around(Call::ReceiveMessage, call).await?;
        Ok(received.messages.unwrap_or_default())
    }

    /// Hides dead letters for this long. One whose lease has ended is visible, or another call has it.
    ///
    /// # Errors
    /// That of one request; the others are made all the same.
    async fn hide_letters(&self, letters: &[DeadLetter], time: Duration) -> Result<(), Error> {
        let client = self.client().await?;
        let (mut requests, mut answers) = (JoinSet::new(), Vec::new());
        for some in letters.chunks(BATCH) {
            if requests.len() == REQUESTS {
                answers.extend(requests.join_next().await);
            }
            let mut request = client.change_message_visibility_batch().queue_url(&self.dead_letters);
            for (number, letter) in some.iter().enumerate() {
                let entry = Entry::builder().id(number.to_string()).receipt_handle(&letter.delivery.receipt);
                request =
                    request.entries(entry.visibility_timeout(seconds(time)).build().map_err(Error::damaged)?);
            }
            let (url, faults, entries) = (self.dead_letters.clone(), self.faults.clone(), some.len());
            requests.spawn(async move {
                let call = Box::pin(async {
                    let answer = request.send().await.map_err(|error| error::of(&url, error))?;
                    error::of_batch(&url, entries, answer.successful.len(), &answer.failed)
                });
                faults.around(Call::ChangeVisibility, call).await
            });
        }
        while let Some(answer) = requests.join_next().await {
            answers.push(answer);
        }
        answers
            .into_iter()
            .try_for_each(|answer| answer.unwrap_or_else(|panic| Err(Error::unavailable(panic))))
    }

    async fn hide(&self, url: &str, receipt: &str, time: Duration) -> Result<(), Error> {
        let request = self
            .client()
            .await?
            .change_message_visibility()
            .queue_url(url)
            .receipt_handle(receipt)
            .visibility_timeout(seconds(time));
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(url, error)) });
        self.faults.around(Call::ChangeVisibility, call).await.map(drop)
    }

    async fn delete(&self, url: &str, receipt: &str) -> Result<(), Error> {
        let request = self.client().await?.delete_message().queue_url(url).receipt_handle(receipt);
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(url, error)) });
        self.faults.around(Call::DeleteMessage, call).await.map(drop)
    }

    async fn put(
        &self,
        url: &str,
        body: &str,
        attributes: Vec<(&'static str, MessageAttributeValue)>,
        after: Duration,
    ) -> Result<(), Error> {
        let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let request = self
            .client()
            .await?
            .send_message()
            .queue_url(url)
            .message_body(body)
            .delay_seconds(seconds(after.min(MAX_DELAY)))
            .set_message_attributes(Some(attributes));
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(url, error)) });
        self.faults.around(Call::SendMessage, call).await.map(drop)
    }

    /// About how many messages wait, and how many are hidden.
    async fn count(&self, url: &str) -> Result<[u64; 2], Error> {
        use QueueAttributeName::{
            ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesDelayed as Delayed,
            ApproximateNumberOfMessagesNotVisible as Hidden,
        };
        let request = self
            .client()
            .await?
            .get_queue_attributes()
            .queue_url(url)
            .set_attribute_names(Some(vec![Visible, Hidden, Delayed]));
        let call = Box::pin(async { request.send().await.map_err(|error| error::of(url, error)) });
        let answer = self.faults.around(Call::GetQueueAttributes, call).await?;
        // A missing count is not 0: an alert depends on it.
        let number = |name: QueueAttributeName| {
            let number = answer.attributes().and_then(|counts| counts.get(&name)?.parse::<u64>().ok());
            number.ok_or_else(|| Error::unavailable(format!("{url}: SQS did not return {}", name.as_str())))
        };
        Ok([number(Visible)? + number(Delayed)?, number(Hidden)?])
    }

    /// The end of the present second of the clock of SQS, which dates messages: it returns no fraction.
    async fn now(&self) -> Result<Timestamp, Error> {
        let date = ResponseDate::default();
        let request = self
            .client()
            .await?
            .get_queue_attributes()
            .queue_url(&self.dead_letters)
            .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
            .customize()
            .interceptor(date.clone());
        let call =
            Box::pin(async { request.send().await.map_err(|error| error::of(&self.dead_letters, error)) });
        self.faults.around(Call::GetQueueAttributes, call).await?;
        Ok(date.time()? + SECOND)
    }
}

#[async_trait]
impl EventQueue for Queue {
    async fn receive(&self, max: usize) -> Result<Vec<Delivery>, Error> {
        let max = i32::try_from(max).unwrap_or(MAX_MESSAGES).min(MAX_MESSAGES);
        let received = self.receive_from(&self.events, max, WAIT_S).await?;
        Ok(received.into_iter().filter_map(|message| delivery(message, self.bucket.as_deref())).collect())
    }

    async fn extend(&self, delivery: &Delivery) -> Result<(), Error> {
        self.hide(&self.events, &delivery.receipt, LEASE).await
    }

    async fn acknowledge(&self, delivery: &Delivery) -> Result<(), Error> {
        self.delete(&self.events, &delivery.receipt).await
    }

    async fn retry(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        self.hide(&self.events, &delivery.receipt, after).await
    }

    /// SQS counts every delivery of a message, and dead-letters it by that count. So a new message, which
    /// carries the earlier counts, replaces this one. The new one is sent before this one is deleted: in
    /// between there are both.
    async fn postpone(&self, delivery: &Delivery, after: Duration) -> Result<(), Error> {
        let attributes = vec![
            (FAILURES, number(delivery.receives.saturating_sub(1).into())?),
            (POSTPONED, number(delivery.postponed.saturating_add(1).into())?),
            (SENT_AT, number(delivery.sent_at.as_millisecond())?),
        ];
        self.put(&self.events, &event_json::payload(delivery), attributes, after).await?;
        // The event is safe. If this message is redelivered, the event is processed twice, which changes
        // nothing; an error would lead to a third time.
        if let Err(error) = self.acknowledge(delivery).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(
                event.id = delivery.id,
                error,
                "could not delete a postponed event; it may be delivered twice"
            );
        }
        Ok(())
    }

    /// The letter is sent before the event is deleted: in between there are both.
    async fn dead_letter(&self, delivery: &Delivery, reason: &str) -> Result<(), Error> {
        let reason = reason_text(reason);
        let attributes = vec![
            (REASON, attribute("String", reason)?),
            (RECEIVES, number(delivery.receives.into())?),
            (SENT_AT, number(delivery.sent_at.as_millisecond())?),
        ];
        self.put(&self.dead_letters, &event_json::payload(delivery), attributes, Duration::ZERO).await?;
        self.acknowledge(delivery).await
    }

    async fn send(&self, event: &AvatarStored) -> Result<(), Error> {
        self.put(&self.events, &event_json::write(event), Vec::new(), Duration::ZERO).await
    }

    /// SQS reports the age of the oldest event only to CloudWatch.
    async fn depth(&self) -> Result<QueueDepth, Error> {
        let [waiting, in_progress] = self.count(&self.events).await?;
        let dead = self.count(&self.dead_letters).await?.into_iter().sum();
        Ok(QueueDepth { waiting, in_progress, dead, oldest: None })
    }
}

#[async_trait]
impl DeadLetters for Queue {
    async fn receive(&self) -> Result<Vec<DeadLetter>, Error> {
        let letters = self.receive_from(&self.dead_letters, MAX_MESSAGES, LETTERS_WAIT_S).await?;
        Ok(letters.into_iter().filter_map(|message| letter(message, self.bucket.as_deref())).collect())
    }

    /// Its counters settle within about a minute, and leave out what was received: they bound nothing. Ends after the second
    /// that it returns: an event that is sent again in that second could be dead-lettered, and sent again, many times.
    async fn existing(&self) -> Result<ExistingLetters, Error> {
        let end = self.now().await?;
        sleep(SECOND).await;
        Ok(ExistingLetters::SentBefore(end))
    }

    async fn extend(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        self.hide_letters(letters, LEASE).await
    }

    async fn release(&self, letters: &[DeadLetter]) -> Result<(), Error> {
        self.hide_letters(letters, Duration::ZERO).await
    }

    /// The event is sent before the letter is deleted: in between there are both.
    async fn redrive(&self, letter: &DeadLetter) -> Result<(), Error> {
        self.put(&self.events, &event_json::payload(&letter.delivery), Vec::new(), Duration::ZERO).await?;
        self.remove(letter).await
    }

    async fn remove(&self, letter: &DeadLetter) -> Result<(), Error> {
        self.delete(&self.dead_letters, &letter.delivery.receipt).await
    }
}

/// The delivery of a message. Without a receipt it cannot be acknowledged: it is left to SQS, which delivers it again.
fn delivery(message: Message, bucket: Option<&str>) -> Option<Delivery> {
    let system = |name| message.attributes()?.get(&name)?.parse::<i64>().ok();
    let own = |name| text(&message, name)?.parse::<i64>().ok();
    let receives = system(MessageSystemAttributeName::ApproximateReceiveCount).unwrap_or(1);
    let sent_at = own(SENT_AT).or_else(|| system(MessageSystemAttributeName::SentTimestamp));
    let (failures, postponed) = (own(FAILURES).unwrap_or(0), own(POSTPONED).unwrap_or(0));
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    let id = message.message_id.unwrap_or_default();
    let Some(receipt) = message.receipt_handle else {
        tracing::warn!(event.id = id, "SQS returned a message without a receipt; leaving it out");
        return None;
    };
    // Without a body it is poison, as any other text that is not an event.
    let body = message.body.unwrap_or_default();
    Some(Delivery {
        id,
        receipt,
        event: decode(&body, bucket),
        raw: Some(body),
        receives: count(receives.saturating_add(failures)),
        postponed: count(postponed),
        sent_at: time(sent_at),
    })
}

/// A message that SQS itself dead-lettered after too many receives has no reason.
fn letter(message: Message, bucket: Option<&str>) -> Option<DeadLetter> {
    let (reason, receives) = (text(&message, REASON).map(str::to_owned), text(&message, RECEIVES));
    let receives = receives.and_then(|receives| receives.parse().ok());
    let mut delivery = delivery(message, bucket)?;
    delivery.receives = receives.unwrap_or(delivery.receives);
    Some(DeadLetter { delivery, reason })
}

/// The attribute of a message with this name.
fn text<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
    message.message_attributes()?.get(name)?.string_value()
}

fn time(ms: Option<i64>) -> Timestamp {
    ms.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn number(value: i64) -> Result<MessageAttributeValue, Error> {
    attribute("Number", value.to_string())
}

fn attribute(kind: &str, value: String) -> Result<MessageAttributeValue, Error> {
    let attribute = MessageAttributeValue::builder().data_type(kind).string_value(value);
    attribute.build().map_err(Error::damaged)
}

/// A reason as SQS takes it: some characters are refused, and so is an empty text.
fn reason_text(reason: &str) -> String {
    let is_text = |c: &char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    let text: String = reason.chars().filter(is_text).take(REASON_CHARS).collect();
    if text.is_empty() { "unknown".to_owned() } else { text }
}

/// Whole seconds, rounded up.
fn seconds(time: Duration) -> i32 {
    i32::try_from(time.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

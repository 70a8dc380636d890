//! The one place that classifies the SDK's errors; `class` has the codes.

mod class;

use std::{sync::Arc, time::Duration};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::error::ConditionalCheckFailedException,
};
use domain::Error;
use tokio::time::sleep;

use super::item::Item;
#[cfg(feature = "sqs")]
use class::is_about_lease;
use class::{CONFLICTS, Class, class};

/// A hint for the operator, and the SDK's error.
#[derive(Debug, thiserror::Error)]
#[error("{resource}: {hint}")]
struct HintedError {
    /// The name of the table or the bucket, the URL of the queue.
    resource: String,
    hint: &'static str,
    #[source]
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The error for the caller of a port; `resource` is the table, the bucket or the queue.
pub(super) fn of<E>(resource: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let hint = match &error {
        // A success status with an unexpected body.
        SdkError::ServiceError(answer) if answer.raw().status().is_success() => {
            "AWS returned an unreadable response"
        }
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            let message = answer.err().message().unwrap_or_default();
            match class(code, message, answer.raw().status().as_u16()) {
                Class::Throttled => return Error::Throttled,
                Class::NotFound => return Error::NotFound,
                Class::Defect => return Error::damaged(error),
                Class::Unavailable(hint) => hint,
            }
        }
        SdkError::TimeoutError(_) => "AWS did not respond in time",
        SdkError::DispatchFailure(failure) if failure.is_user() => "there are no usable credentials for AWS",
        SdkError::DispatchFailure(_) => "AWS cannot be reached, or there are no credentials for it",
        SdkError::ResponseError(_) => "AWS returned an unreadable response",
        _ => "the request to AWS could not be made: check that region and credentials are set",
    };
    Error::unavailable(HintedError { resource: resource.to_owned(), hint, source: Box::new(error) })
}

/// Whether AWS answered with this error code.
#[cfg(feature = "s3")]
pub(super) fn has_code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, code: &str) -> bool {
    error.as_service_error().is_some_and(|error| error.code() == Some(code))
}

/// The pauses before a call that met a conflict is repeated, each cut by up to half at random.
const CONFLICT_PAUSES: [Duration; 4] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
];

/// Repeats a call while AWS rejects it because another one is changing the same item or object.
pub(super) async fn repeated<T, E, F>(call: impl Fn() -> F) -> Result<T, SdkError<E, HttpResponse>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut pauses = CONFLICT_PAUSES.iter();
    loop {
        // Boxed, since it is large.
        let answer = Box::pin(call()).await;
        let code = answer.as_ref().err().and_then(SdkError::as_service_error).and_then(E::code);
        let is_conflict = code.is_some_and(|code| CONFLICTS.contains(&code));
        match pauses.next() {
            Some(longest) if is_conflict => sleep(longest.mul_f64(fastrand::f64().mul_add(0.5, 0.5))).await,
            _ => return answer,
        }
    }
}

/// Whether the table has no such index, or is still filling it. `DynamoDB` has no code of its own for that.
pub(super) fn is_missing_index<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.code() == Some("ValidationException")
            && error
                .message()
                .is_some_and(|text| text.contains("the specified index") || text.contains("backfilling"))
    })
}

/// [`of`] for a write: an earlier attempt of a throttled one may have succeeded, so its outcome is unknown.
pub(super) fn of_write<E>(resource: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match of(resource, error) {
        Error::Throttled => Error::unavailable(format!("{resource}: AWS throttled the write")),
        Error::NotFound => Error::damaged("AWS returned NoSuchKey for a write"),
        other => other,
    }
}

/// An error of a conditional write.
pub(super) trait Conditional {
    fn refused(&self) -> Option<&ConditionalCheckFailedException>;
}

macro_rules! conditional {
    ($($error:ty),*) => {
        $(impl Conditional for $error {
            fn refused(&self) -> Option<&ConditionalCheckFailedException> {
                match self {
                    Self::ConditionalCheckFailedException(refused) => Some(refused),
                    _ => None,
                }
            }
        })*
    };
}

conditional!(PutItemError, UpdateItemError, DeleteItemError);

/// The current item, if the write failed its condition. Some emulators do not return it.
///
/// # Errors
/// [`of_write`] for any other error.
pub(super) fn refusal<E>(table: &str, error: SdkError<E, HttpResponse>) -> Result<Option<Item>, Error>
where
    E: Conditional + std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match error.as_service_error().and_then(Conditional::refused) {
        Some(refused) => Ok(refused.item().cloned()),
        None => Err(of_write(table, error)),
    }
}

/// The error for credentials that could not be loaded.
pub(super) fn of_credentials(error: Arc<CredentialsError>) -> Error {
    Error::unavailable(HintedError {
        resource: "AWS credentials".to_owned(),
        hint: "they could not be loaded",
        source: Box::new(error),
    })
}

/// The error for a source of credentials that did not answer within this time.
pub(super) fn of_slow_credentials(within: Duration) -> Error {
    Error::unavailable(HintedError {
        resource: "AWS credentials".to_owned(),
        hint: "their source is slow; calls go on when it answers",
        source: format!("no answer within {} s", within.as_secs()).into(),
    })
}

/// The error for objects that S3 did not delete.
#[cfg(feature = "s3")]
pub(super) fn of_delete_errors(bucket: &str, errors: &[aws_sdk_s3::types::Error]) -> Result<(), Error> {
    let Some(first) = errors.first() else { return Ok(()) };
    let code = first.code().unwrap_or_default();
    let hint = match class(code, first.message().unwrap_or_default(), 0) {
        Class::Unavailable(hint) => hint,
        _ => "S3 did not delete an object",
    };
    let source = format!("{code} for {} objects", errors.len()).into();
    Err(Error::unavailable(HintedError { resource: bucket.to_owned(), hint, source }))
}

/// The error for messages whose leases SQS did not change, or has no answer for. Leases that have ended are none: there is
/// nothing to change. A batch has a result for each entry
/// (<https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html>).
#[cfg(feature = "sqs")]
pub(super) fn of_batch(
    queue: &str,
    entries: usize,
    successful: usize,
    failed: &[aws_sdk_sqs::types::BatchResultErrorEntry],
) -> Result<(), Error> {
    if successful + failed.len() < entries {
        let source = format!("{successful} changed and {} failed of {entries} messages", failed.len()).into();
        let hint = "SQS left out the results of messages";
        return Err(Error::unavailable(HintedError { resource: queue.to_owned(), hint, source }));
    }
    let text = |entry: &aws_sdk_sqs::types::BatchResultErrorEntry| entry.message.clone().unwrap_or_default();
    let Some(first) = failed.iter().find(|entry| !is_about_lease(&entry.code, &text(entry))) else {
        return Ok(());
    };
    let hint = match class(&first.code, &text(first), 0) {
        Class::Throttled => return Err(Error::Throttled),
        Class::Unavailable(hint) => hint,
        _ => "SQS did not change the lease of a message",
    };
    let source = format!("{} for one of {entries} messages", first.code).into();
    Err(Error::unavailable(HintedError { resource: queue.to_owned(), hint, source }))
}

/// The error for an object that was cut short or does not match its checksum.
#[cfg(feature = "s3")]
pub(super) fn of_body(bucket: &str, error: aws_sdk_s3::primitives::ByteStreamError) -> Error {
    Error::unavailable(HintedError {
        resource: bucket.to_owned(),
        hint: "the object was cut short or does not match its checksum",
        source: Box::new(error),
    })
}

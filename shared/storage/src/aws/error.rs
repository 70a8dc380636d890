//! The one place that classifies the SDK's errors.

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

/// Error codes of AWS for throttling.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
    // The quota of the key, which all its users share.
    "KMS.ThrottlingException",
    "KmsThrottled",
    "KMS.LimitExceededException",
];

/// Codes of calls that were rejected, and had no effect, because another call was changing the same item or object.
/// The SDK does not repeat them.
const CONFLICTS: &[&str] = &[
    "ConditionalRequestConflict",
    "OperationAborted",
    "ReplicatedWriteConflictException",
    "TransactionConflictException",
];

/// S3 received other bytes than were sent.
const CORRUPTED: &[&str] =
    &["BadDigest", "IncompleteBody", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch"];

/// What SQS puts before some codes: the name of its older protocol.
const SQS: &str = "AWS.SimpleQueueService.";

/// What SQS answers if the lease of a message has ended.
const LEASE_ENDED: &[&str] = &["MessageNotInflight", "ReceiptHandleIsInvalid"];

const TIMED_OUT: &[&str] = &["RequestTimeout", "RequestTimeoutException"];

const DENIED: &[&str] = &["AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden"];

const UNKNOWN_CALLER: &[&str] = &[
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClientException",
];

const WRONG_REGION: &[&str] = &[
    "AuthorizationHeaderMalformed",
    "IllegalLocationConstraintException",
    "PermanentRedirect",
    "TemporaryRedirect",
];

const MISSING: &[(&str, &str)] = &[
    ("NoSuchBucket", "the bucket does not exist"),
    ("ResourceNotFoundException", "the table does not exist in this account and region"),
    ("TableNotFoundException", "the table does not exist in this account and region"),
    ("NonExistentQueue", "the queue does not exist in this account and region"),
    ("QueueDoesNotExist", "the queue does not exist in this account and region"),
    ("InvalidAddress", "the URL of the queue is malformed"),
    ("OptInRequired", "this account has not activated the service, or the region"),
    (
        "InvalidObjectState",
        "the object is archived; restore it, and remove the lifecycle rule that archived it",
    ),
    ("OverLimit", "too many messages of the queue are in flight"),
];

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
const CONFLICT_PAUSES: [Duration; 3] =
    [Duration::from_millis(50), Duration::from_millis(100), Duration::from_millis(200)];

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

/// Whether the lease of a message has ended: the receipt is not valid any more. SQS has three codes for it.
fn is_about_lease(code: &str, message: &str) -> bool {
    let code = code.strip_prefix(SQS).unwrap_or(code);
    LEASE_ENDED.contains(&code) || (code == "InvalidParameterValue" && message.contains("ReceiptHandle"))
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

#[derive(Debug, PartialEq, Eq)]
enum Class {
    Throttled,
    NotFound,
    Unavailable(&'static str),
    Defect,
}

/// By the code, or by the status if there is none (a response to `HEAD`, a proxy).
fn class(code: &str, message: &str, status: u16) -> Class {
    let code = code.strip_prefix(SQS).unwrap_or(code);
    let is = |codes: &[&str]| codes.contains(&code);
    let missing = MISSING.iter().find(|(known, _)| *known == code);
    if is(THROTTLED) || status == 429 {
        Class::Throttled
    } else if is(CONFLICTS) {
        Class::Unavailable("other calls kept changing the same item or object")
    } else if is_about_key(code, message) {
        Class::Unavailable(
            "the encryption key (KMS) cannot be used: it is disabled or pending deletion, or denies this role its use",
        )
    } else if code == "NoSuchKey" {
        Class::NotFound
    } else if let Some((_, hint)) = missing {
        Class::Unavailable(hint)
    } else if is(UNKNOWN_CALLER) {
        Class::Unavailable(
            "AWS rejects the credentials: they have expired, belong to another account, or this clock is wrong",
        )
    } else if is(WRONG_REGION) || status == 301 || status == 307 {
        Class::Unavailable("the bucket is in another region")
    } else if is(DENIED) || status == 403 {
        // S3 also answers this for a missing object if the role may not list the bucket.
        Class::Unavailable("AWS denies this role the call; reading an object needs s3:ListBucket as well")
    } else if is(TIMED_OUT) {
        Class::Unavailable("AWS did not get the request in time")
    } else if is(CORRUPTED) {
        Class::Unavailable("the object was damaged on its way to S3")
    } else if is_about_lease(code, message) {
        Class::Unavailable("the lease of the message had ended: another worker may have it")
    } else if status >= 500 {
        Class::Unavailable("AWS returned a server error")
    } else {
        Class::Defect
    }
}

/// S3 and SQS have codes of their own for keys. `DynamoDB`, and S3 for a key that denies the call, answer that
/// access is denied, and name KMS in the message.
fn is_about_key(code: &str, message: &str) -> bool {
    let is_denied = DENIED.contains(&code) && (message.contains("KMS") || message.contains("kms:"));
    code.starts_with("KMS") || code.starts_with("Kms") || is_denied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_and_fixable_errors_are_not_defects() {
        for (code, status) in [
            ("ResourceNotFoundException", 400),
            ("NoSuchBucket", 404),
            ("NonExistentQueue", 400),
            ("QueueDoesNotExist", 400),
            ("AccessDeniedException", 400),
            ("AccessDenied", 403),
            ("", 403),
            ("ExpiredTokenException", 400),
            ("ExpiredToken", 400),
            ("UnrecognizedClientException", 400),
            ("SignatureDoesNotMatch", 403),
            ("PermanentRedirect", 301),
            ("AuthorizationHeaderMalformed", 400),
            ("RequestTimeout", 400),
            ("TransactionConflictException", 400),
            ("OperationAborted", 409),
            ("BadDigest", 400),
            ("InternalServerError", 500),
            ("", 502),
        ] {
            assert!(matches!(class(code, "", status), Class::Unavailable(_)), "{code} {status}");
        }
    }

    #[test]
    fn throttling_is_distinguished_from_failure() {
        for (code, status) in [("ProvisionedThroughputExceededException", 400), ("SlowDown", 503), ("", 429)]
        {
            assert_eq!(class(code, "", status), Class::Throttled, "{code} {status}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_used_is_never_a_defect_or_another_denial() {
        for (code, message) in [
            ("KMS.DisabledException", ""),
            ("KMS.KMSInvalidStateException", ""),
            ("KMS.NotFoundException", ""),
            ("KmsAccessDenied", ""),
            ("KmsDisabled", ""),
            ("KmsInvalidState", ""),
            ("AWS.SimpleQueueService.KmsNotFound", ""),
            ("AccessDeniedException", "KMS key access denied error: AWSKMSException: …"),
            ("AccessDenied", "User: … is not authorized to perform: kms:Decrypt on resource: …"),
        ] {
            let class = class(code, message, 400);
            assert!(matches!(class, Class::Unavailable(hint) if hint.contains("(KMS)")), "{code} {class:?}");
        }
        assert_eq!(class("KMS.ThrottlingException", "", 400), Class::Throttled);
    }

    #[test]
    fn only_a_missing_object_is_not_found() {
        assert_eq!(class("NoSuchKey", "", 404), Class::NotFound);
        assert_eq!(class("", "", 404), Class::Defect);
    }

    #[test]
    fn an_invalid_request_is_a_defect() {
        assert_eq!(class("ValidationException", "", 400), Class::Defect);
    }
}

//! The one place that classifies the SDK's errors.

use aws_sdk_dynamodb::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::error::ConditionalCheckFailedException,
};
use domain::Error;

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
];

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
    ("AWS.SimpleQueueService.NonExistentQueue", "the queue does not exist in this account and region"),
    ("QueueDoesNotExist", "the queue does not exist in this account and region"),
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
            match class(code, answer.raw().status().as_u16()) {
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

/// Whether the table has no such index. `DynamoDB` has no code of its own for that.
pub(super) fn is_missing_index<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    error.as_service_error().is_some_and(|error| {
        error.code() == Some("ValidationException")
            && error.message().is_some_and(|text| text.contains("the specified index"))
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

/// The error for objects that S3 did not delete.
#[cfg(feature = "s3")]
pub(super) fn of_delete_errors(bucket: &str, errors: &[aws_sdk_s3::types::Error]) -> Result<(), Error> {
    let Some(first) = errors.first() else { return Ok(()) };
    let code = first.code().unwrap_or_default();
    let hint = match class(code, 0) {
        Class::Unavailable(hint) => hint,
        _ => "S3 did not delete an object",
    };
    let source = format!("{code} for {} objects", errors.len()).into();
    Err(Error::unavailable(HintedError { resource: bucket.to_owned(), hint, source }))
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
fn class(code: &str, status: u16) -> Class {
    let is = |codes: &[&str]| codes.contains(&code);
    let missing = MISSING.iter().find(|(known, _)| *known == code);
    if is(THROTTLED) || status == 429 {
        Class::Throttled
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
    } else if status >= 500 {
        Class::Unavailable("AWS returned a server error")
    } else {
        Class::Defect
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transient_and_fixable_errors_are_not_defects() {
        for (code, status) in [
            ("ResourceNotFoundException", 400),
            ("NoSuchBucket", 404),
            ("AWS.SimpleQueueService.NonExistentQueue", 400),
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
            ("InternalServerError", 500),
            ("", 502),
        ] {
            assert!(matches!(class(code, status), Class::Unavailable(_)), "{code} {status}");
        }
    }

    #[test]
    fn throttling_is_distinguished_from_failure() {
        for (code, status) in [("ProvisionedThroughputExceededException", 400), ("SlowDown", 503), ("", 429)]
        {
            assert_eq!(class(code, status), Class::Throttled, "{code} {status}");
        }
    }

    #[test]
    fn only_a_missing_object_is_not_found() {
        assert_eq!(class("NoSuchKey", 404), Class::NotFound);
        assert_eq!(class("", 404), Class::Defect);
    }

    #[test]
    fn an_invalid_request_is_a_defect() {
        assert_eq!(class("ValidationException", 400), Class::Defect);
    }
}

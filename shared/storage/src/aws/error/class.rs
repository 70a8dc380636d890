//! The codes of AWS, and what they mean.

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
pub(super) const CONFLICTS: &[&str] = &[
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

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Class {
    Throttled,
    NotFound,
    Unavailable(&'static str),
    Defect,
}

/// By the code, or by the status if there is none (a response to `HEAD`, a proxy).
pub(super) fn class(code: &str, message: &str, status: u16) -> Class {
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

/// Whether the lease of a message has ended: the receipt is not valid any more. SQS has three codes for it.
pub(super) fn is_about_lease(code: &str, message: &str) -> bool {
    let code = code.strip_prefix(SQS).unwrap_or(code);
    LEASE_ENDED.contains(&code) || (code == "InvalidParameterValue" && message.contains("ReceiptHandle"))
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

use axum::http::StatusCode;

/// Every kind of problem that Roster returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the table below has their titles")]
pub enum Kind {
    BadRequest,
    InvalidFields,
    Unauthorized,
    Forbidden,
    ForeignSite,
    NotFound,
    MethodNotAllowed,
    TooSlow,
    EmailTaken,
    PreconditionFailed,
    TooLarge,
    UnsupportedMediaType,
    UnsupportedImage,
    RangeNotSatisfiable,
    UndecodableImage,
    ImageTooDemanding,
    IdempotencyKeyReused,
    Internal,
    Unavailable,
    Busy,
    Timeout,
    IssuerUnavailable,
    AnswerTooLarge,
}

impl Kind {
    /// Every kind, by status.
    pub const ALL: [Self; 23] = [
        Self::BadRequest,
        Self::InvalidFields,
        Self::Unauthorized,
        Self::Forbidden,
        Self::ForeignSite,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooSlow,
        Self::EmailTaken,
        Self::PreconditionFailed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::UnsupportedImage,
        Self::RangeNotSatisfiable,
        Self::UndecodableImage,
        Self::ImageTooDemanding,
        Self::IdempotencyKeyReused,
        Self::Internal,
        Self::Unavailable,
        Self::Busy,
        Self::Timeout,
        Self::IssuerUnavailable,
        Self::AnswerTooLarge,
    ];

    const fn row(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (400, "bad-request", "The request is malformed"),
            Self::InvalidFields => (400, "invalid-fields", "The request has invalid fields"),
            Self::Unauthorized => (401, "unauthorized", "A valid token is required"),
            Self::Forbidden => (403, "forbidden", "The token does not allow this"),
            Self::ForeignSite => (403, "foreign-site", "The request's host or origin is not allowed"),
            Self::NotFound => (404, "not-found", "Not found"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "Method not allowed"),
            Self::TooSlow => (408, "too-slow", "The request was sent too slowly"),
            Self::EmailTaken => (409, "email-taken", "This e-mail is already registered"),
            Self::PreconditionFailed => (412, "precondition-failed", "A precondition failed"),
            Self::TooLarge => (413, "too-large", "The request is too large"),
            Self::UnsupportedMediaType => (415, "unsupported-media-type", "This media type is not accepted"),
            Self::UnsupportedImage => (415, "unsupported-image", "This image format is not accepted"),
            Self::RangeNotSatisfiable => (416, "range-not-satisfiable", "The range is outside the image"),
            Self::UndecodableImage => (422, "undecodable-image", "The image cannot be decoded"),
            Self::ImageTooDemanding => (422, "image-too-demanding", "The image is too large to process"),
            Self::IdempotencyKeyReused => (
                422,
                "idempotency-key-reused",
                "The idempotency key was already used with a different payload",
            ),
            Self::Internal => (500, "internal", "Internal server error"),
            Self::Unavailable => (503, "unavailable", "The store is unavailable"),
            Self::Busy => (503, "busy", "The service is busy"),
            Self::Timeout => (503, "timeout", "The request timed out"),
            Self::IssuerUnavailable => (503, "issuer-unavailable", "The token issuer is unavailable"),
            Self::AnswerTooLarge => (503, "answer-too-large", "The response is too large for the gateway"),
        }
    }

    /// The status on the wire and in the body.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.row().0).expect("the table holds valid statuses")
    }

    /// The end of the type: `email-taken`.
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// The type: `urn:roster:problem:email-taken`.
    pub fn urn(self) -> String {
        format!("urn:roster:problem:{}", self.name())
    }

    /// The same text for every occurrence.
    pub const fn title(self) -> &'static str {
        self.row().2
    }

    /// Seconds to wait before trying again, where that helps.
    pub(super) const fn retry_after(self) -> Option<&'static str> {
        match self {
            Self::Unavailable | Self::Busy => Some("1"),
            Self::Timeout | Self::IssuerUnavailable => Some("5"),
            // Only another upload or another gateway makes it fit.
            Self::AnswerTooLarge => Some("3600"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_kinds_are_sorted_by_status() {
        let mut names: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert!(Kind::ALL.is_sorted_by_key(|kind| kind.status().as_u16()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Kind::ALL.len());
    }
}

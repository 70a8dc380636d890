//! Roster's errors as problems.

use axum::http::{HeaderValue, header};
use domain::{Error, ImageError};

use super::{Kind, Problem};
use crate::{auth::AuthError, body::BodyError};
use runtime::{
    admission::Refused,
    telemetry::{BUSY, TOO_MUCH_MEMORY, refusal},
};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let (kind, detail) = match &error {
            Error::EmailTaken => {
                (Kind::EmailTaken, "Another user has this e-mail; update that user instead.")
            }
            Error::IdempotencyKeyReused => {
                (Kind::IdempotencyKeyReused, "Send a different payload with a new `Idempotency-Key`.")
            }
            Error::NotFound => (Kind::NotFound, "There is no such user or avatar."),
            Error::Stale => {
                (Kind::PreconditionFailed, "Get the user again and repeat the change with its new `ETag`.")
            }
            Error::Throttled => (Kind::Busy, "The store is throttling requests; try again."),
            Error::WrongEnvironment(_) => (
                Kind::Unavailable,
                "The store belongs to another environment; the operator must correct the configuration.",
            ),
            Error::Unavailable(_) => (
                Kind::Unavailable,
                "The store is not responding; try again. A write may still have succeeded.",
            ),
            Error::Damaged(_) => {
                (Kind::Internal, "The stored data cannot be read; report the `instance` to the operator.")
            }
        };
        Self::new(kind, detail).caused_by(&error)
    }
}

impl From<ImageError> for Problem {
    fn from(error: ImageError) -> Self {
        let problem = match &error {
            ImageError::Empty => Self::fields(vec![super::FieldProblem::new(
                "avatar",
                &domain::FieldError("must not be empty"),
            )]),
            ImageError::Refused { kind, hint } => {
                Self::new(Kind::UnsupportedImage, format!("{kind} is not accepted: {hint}."))
            }
            ImageError::Unknown => Self::new(
                Kind::UnsupportedImage,
                "The content is not a JPEG, PNG, WebP or GIF image, whatever its name and type say.",
            ),
            ImageError::Undecodable(what) => {
                Self::new(Kind::UndecodableImage, format!("The image is damaged or not supported: {what}."))
            }
            ImageError::TooManyPixels { width, height } => Self::new(
                Kind::ImageTooDemanding,
                format!(
                    "The image has {width} x {height} pixels; the limits are 16384 per side and 64 million in total."
                ),
            ),
            ImageError::TooLargeToKeep { max_bytes } => Self::new(
                Kind::ImageTooDemanding,
                format!("Once processed, the image exceeds {max_bytes} bytes; send a smaller one."),
            ),
        };
        problem.refusing_image(refusal(&error))
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::QueueFull => {
                Self::new(Kind::Busy, "Too many images are waiting; try again.").refusing_image(BUSY)
            }
            Refused::TooMuchMemory { .. } => Self::new(
                Kind::ImageTooDemanding,
                "Decoding this image needs more memory than allowed; send a smaller or non-progressive one.",
            )
            .refusing_image(TOO_MUCH_MEMORY),
            Refused::Panicked => Self::new(
                Kind::Internal,
                "Processing this image failed; report the `instance` to the operator.",
            )
            .caused_by(&std::io::Error::other("processing the image panicked")),
        }
    }
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        match &error {
            BodyError::TooSlow => Self::new(Kind::TooSlow, "Send the body at 10 kB/s or more.")
                .with_header(header::CONNECTION, HeaderValue::from_static("close")),
            BodyError::TooLarge { max_bytes } => {
                Self::new(Kind::TooLarge, format!("The request may have at most {max_bytes} bytes."))
            }
            BodyError::Encoded => {
                Self::new(Kind::UnsupportedMediaType, "Send the body as it is, without `Content-Encoding`.")
                    .with_header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            }
            BodyError::Busy => Self::new(Kind::Busy, "Too much data is being received or sent; try again."),
            BodyError::Broken(_) => {
                Self::new(Kind::BadRequest, "The body ended before it was complete.").caused_by(&error)
            }
        }
    }
}

impl From<AuthError> for Problem {
    fn from(error: AuthError) -> Self {
        // RFC 6750, 3: a request without a token gets a challenge without an error code.
        let (problem, challenge) = match error {
            AuthError::NoToken => {
                let detail = "Send a token from this service's issuer as `Authorization: Bearer …`.";
                (Self::new(Kind::Unauthorized, detail), "Bearer realm=\"roster\"".to_owned())
            }
            AuthError::Invalid(why) => {
                let detail = format!("Invalid token: {why}. Get a new one from the issuer.");
                let challenge = "Bearer realm=\"roster\", error=\"invalid_token\"".to_owned();
                (Self::new(Kind::Unauthorized, detail), challenge)
            }
            AuthError::LacksScope(scope) => {
                let detail = format!("The token lacks the scope `{scope}`; request one that has it.");
                let challenge =
                    format!("Bearer realm=\"roster\", error=\"insufficient_scope\", scope=\"{scope}\"");
                (Self::new(Kind::Forbidden, detail), challenge)
            }
            AuthError::IssuerAway => {
                let detail =
                    "The token's signing key is unknown, and the issuer is not responding; try again.";
                return Self::new(Kind::IssuerUnavailable, detail).caused_by(&error);
            }
        };
        let challenge = HeaderValue::from_str(&challenge).expect("fixed text and a scope");
        problem.with_header(header::WWW_AUTHENTICATE, challenge).caused_by(&error)
    }
}

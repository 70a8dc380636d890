//! RFC 9457 responses, and the only place that turns an error into a status.

mod convert;
mod kind;
#[cfg(feature = "openapi")]
mod schema;

use std::borrow::Cow;

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::{IntoResponse, Response},
};
use domain::FieldError;
use runtime::{error::chain, telemetry::TOO_LARGE};
use serde::Serialize;
use uuid::Uuid;

pub use kind::Kind;
#[cfg(feature = "openapi")]
pub use schema::{FieldBody, ProblemBody, responses};

/// A response that reports what went wrong and what to do.
#[derive(Debug)]
pub struct Problem {
    kind: Kind,
    detail: Cow<'static, str>,
    errors: Vec<FieldProblem>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    refused: Option<&'static str>,
}

/// An invalid field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    field: Cow<'static, str>,
    detail: &'static str,
}

impl FieldProblem {
    /// What is wrong with `field`.
    pub fn new(field: impl Into<Cow<'static, str>>, error: &FieldError) -> Self {
        Self { field: field.into(), detail: error.0 }
    }
}

/// What is logged of a problem and not sent.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The end of the problem's type.
    pub kind: &'static str,
    /// The UUID of this occurrence, as in the answer.
    pub instance: Uuid,
    /// The inner errors, outermost first.
    pub cause: Option<String>,
    /// Why an image was refused, one word.
    pub refused: Option<&'static str>,
}

impl Problem {
    /// A problem of this kind; `detail` helps the client and never holds an inner error's text.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            headers: Vec::new(),
            cause: None,
            refused: None,
        }
    }

    /// Invalid fields, all of them at once.
    pub fn fields(errors: Vec<FieldProblem>) -> Self {
        let detail = "Correct the fields named in `errors` and send the request again.";
        Self { errors, ..Self::new(Kind::InvalidFields, detail) }
    }

    /// With a header, such as `Allow`.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// With the inner errors, for the log only.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Self {
        self.cause = Some(chain(error));
        self
    }

    /// With another sentence at the end of its detail.
    #[must_use]
    pub fn adding(mut self, sentence: &str) -> Self {
        self.detail = format!("{} {sentence}", self.detail).into();
        self
    }

    /// As the refusal of an image, with the reason for metrics and logs.
    #[must_use]
    pub(crate) fn refusing_image(self, reason: &'static str) -> Self {
        Self { refused: Some(reason), ..self }
    }

    /// As a problem of receiving an image: one that is too large counts as refused.
    #[must_use]
    pub fn of_upload(self) -> Self {
        if self.kind == Kind::TooLarge { self.refusing_image(TOO_LARGE) } else { self }
    }

    /// Whether it is an image that is too large.
    pub(crate) fn is_of_upload(&self) -> bool {
        self.kind == Kind::TooLarge && self.refused == Some(TOO_LARGE)
    }

    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let instance = Uuid::now_v7();
        let body = Body {
            r#type: self.kind.urn(),
            title: self.kind.title(),
            status: self.kind.status().as_u16(),
            detail: &self.detail,
            instance: instance.urn().to_string(),
            errors: &self.errors,
        };
        let body = serde_json::to_vec(&body).expect("strings and a number serialise");
        let mut response = (self.kind.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.kind.retry_after() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        headers.extend(self.headers);
        response.extensions_mut().insert(Logged {
            kind: self.kind.name(),
            instance,
            cause: self.cause,
            refused: self.refused,
        });
        response
    }
}

/// Without the OpenAPI document these declarations are nothing.
#[cfg(not(feature = "openapi"))]
#[macro_export]
macro_rules! problems {
    ($($declaration:tt)*) => {};
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_logged_and_not_sent() {
        let source = std::io::Error::other("secret path");
        let problem = Problem::from(domain::Error::unavailable(source));
        let response = problem.into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "1");
        let logged = response.extensions().get::<Logged>().unwrap();
        assert_eq!(logged.cause.as_deref(), Some("store is unavailable: secret path"));
    }
}

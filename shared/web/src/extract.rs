//! What handlers extract from a request, with Roster's problems for invalid input.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::{HeaderMap, HeaderValue, header, request::Parts},
};
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{Kind, Problem, content_type::media_type};

/// The media types that a merge patch may have (RFC 7396).
const ACCEPT_PATCH: HeaderValue = HeaderValue::from_static("application/merge-patch+json, application/json");

/// The one variable segment of a path, parsed. An invalid one is a `404`: no such resource can exist.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: std::str::FromStr> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params =
            RawPathParams::from_request_parts(parts, state).await.map_err(|_| domain::Error::NotFound)?;
        let segment = params.iter().next().map(|(_, segment)| segment).ok_or(domain::Error::NotFound)?;
        segment.parse().map(Self).map_err(|_| domain::Error::NotFound.into())
    }
}

/// The query, as a struct whose fields are `Option<String>` and that denies unknown ones.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        #[expect(clippy::disallowed_types, reason = "this is the replacement")]
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        let detail =
            "The query has a parameter that is unknown, repeated or not percent-encoded UTF-8; see `/docs`.";
        query.map(|query| Self(query.0)).map_err(|_| Problem::new(Kind::BadRequest, detail))
    }
}

/// The members of a merge patch.
///
/// # Errors
/// `415` with `Accept-Patch` for another media type, `400` if the body is not a JSON object.
pub fn merge_patch(headers: &HeaderMap, body: &Bytes) -> Result<Map<String, Value>, Problem> {
    if !matches!(media_type(headers).as_str(), "application/merge-patch+json" | "application/json") {
        let detail = "Send a JSON merge patch as `application/merge-patch+json`.";
        return Err(
            Problem::new(Kind::UnsupportedMediaType, detail).with_header(ACCEPT_PATCH_NAME, ACCEPT_PATCH)
        );
    }
    let detail = "The body must be a JSON object such as `{\"name\": \"Ada Lovelace\"}`.";
    serde_json::from_slice(body).map_err(|_| Problem::new(Kind::BadRequest, detail))
}

/// The members of a JSON object.
///
/// # Errors
/// `415` for another media type, `400` if the body is not a JSON object such as `example`.
pub fn json_object(headers: &HeaderMap, body: &Bytes, example: &str) -> Result<Map<String, Value>, Problem> {
    if media_type(headers) != "application/json" {
        return Err(Problem::new(Kind::UnsupportedMediaType, "Send JSON as `application/json`."));
    }
    serde_json::from_slice(body).map_err(|_| {
        Problem::new(Kind::BadRequest, format!("The body must be a JSON object such as `{example}`."))
    })
}

const ACCEPT_PATCH_NAME: header::HeaderName = header::HeaderName::from_static("accept-patch");

//! JSON answers.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// For an answer that clients ask for again each time: it may hold personal data. Where a token is needed, what checks
/// it makes it private.
pub const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// `body` as JSON, never used again by a cache that did not ask.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("wire types are strings and numbers");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, NO_CACHE),
    ];
    (status, headers, bytes).into_response()
}

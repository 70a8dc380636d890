//! JSON responses.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Makes clients revalidate a response, which may hold personal data. Where a token is required, its check
/// adds `private`.
pub const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The same, except for the cache in front of the API, which may answer for five seconds.
pub const SHARED_BRIEFLY: HeaderValue = HeaderValue::from_static("no-cache, s-maxage=5");

/// `body` as JSON, which a cache must revalidate before it reuses it.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(body).expect("wire types are strings and numbers");
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CACHE_CONTROL, NO_CACHE),
    ];
    (status, headers, bytes).into_response()
}

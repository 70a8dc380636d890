//! Which pages of other origins may call the API (CORS, in the Fetch standard).

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
};
use tower_http::cors::CorsLayer;

use crate::request_id::X_REQUEST_ID;

/// How long a browser caches a preflight: Chromium's maximum.
const MAX_AGE: Duration = Duration::from_hours(2);

const METHODS: [Method; 6] =
    [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// What a page may send.
const REQUEST_HEADERS: [HeaderName; 8] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::RANGE,
    X_REQUEST_ID,
    HeaderName::from_static("traceparent"),
];
/// What a page may read.
const RESPONSE_HEADERS: [HeaderName; 8] = [
    header::ETAG,
    header::LINK,
    header::LOCATION,
    header::RETRY_AFTER,
    X_REQUEST_ID,
    header::WWW_AUTHENTICATE,
    header::CONTENT_RANGE,
    header::ACCEPT_RANGES,
];

/// The origins whose pages may call the API; with none, which is the default, there is no CORS header at all.
#[derive(Clone, Default)]
pub struct Cors(Option<CorsLayer>);

impl Cors {
    /// For these origins, as a browser writes them. Pages send tokens themselves: credentials stay off.
    pub fn new(origins: &[String]) -> Self {
        if origins.is_empty() {
            return Self::default();
        }
        let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
        let layer = CorsLayer::new()
            .allow_origin(origins.collect::<Vec<_>>())
            .allow_methods(METHODS)
            .allow_headers(REQUEST_HEADERS)
            .expose_headers(RESPONSE_HEADERS)
            .max_age(MAX_AGE)
            .vary([header::ORIGIN]);
        Self(Some(layer))
    }

    /// Wraps all of `router`, whose fallbacks must be set: the layer answers `OPTIONS` itself.
    pub(crate) fn around(self, router: Router) -> Router {
        match self.0 {
            Some(layer) => router.layer(layer),
            None => router,
        }
    }
}

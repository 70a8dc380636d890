//! `GET /openapi.json`, `GET /docs`.

use axum::{
    http::{HeaderName, header},
    response::IntoResponse,
};

/// The OpenAPI document of all functions: `just openapi` generates it from the code; a test compares them.
pub const OPENAPI: &str = include_str!("../../../docs/openapi.json");

/// A page that reads the `openapi.json` beside it and loads nothing from outside.
const DOCS: &str = include_str!("docs.html");

/// Scripts and styles are inline; the page connects to this API only.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

web::problems!(DocumentProblems: ForeignSite);

type Headers = [(HeaderName, &'static str); 2];

const fn headers(content_type: &'static str) -> Headers {
    [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")]
}

/// This document
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = String), DocumentProblems)))]
pub(crate) async fn get_openapi() -> impl IntoResponse {
    (headers("application/json"), OPENAPI)
}

/// Read this document as a web page
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/docs", tag = "operation",
    responses((status = 200, description = "An HTML page without external resources.", content_type = "text/html", body = String), DocumentProblems)))]
pub(crate) async fn get_docs() -> impl IntoResponse {
    (headers("text/html; charset=utf-8"), [(header::CONTENT_SECURITY_POLICY, DOCS_POLICY)], DOCS)
}

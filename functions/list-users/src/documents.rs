//! `GET /openapi.json`, `GET /docs`.

use std::sync::{Arc, OnceLock};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
    routing::get,
};
use bytes::Bytes;
use web::App;

use crate::served_document::served_document;

/// A page that reads the `openapi.json` beside it and loads nothing from outside.
const DOCS: &str = include_str!("docs.html");

/// Scripts and styles are inline; the page connects to this API only.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
    connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

web::problems!(DocumentProblems: ForeignSite);

/// The application, and its document once it was requested.
#[derive(Clone)]
struct Documents {
    app: App,
    openapi: Arc<OnceLock<Bytes>>,
}

/// The two routes.
pub(crate) fn routes(app: &App) -> Router {
    let state = Documents { app: app.clone(), openapi: Arc::default() };
    Router::new().route("/openapi.json", get(get_openapi)).route("/docs", get(get_docs)).with_state(state)
}

type Headers = [(HeaderName, &'static str); 2];

const fn headers(content_type: &'static str) -> Headers {
    [(header::CONTENT_TYPE, content_type), (header::CACHE_CONTROL, "no-cache")]
}

/// This document
///
/// Of this process: without what its settings switch off.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/openapi.json", tag = "operation",
    responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = Object), DocumentProblems)))]
async fn get_openapi(State(documents): State<Documents>) -> impl IntoResponse {
    let text = documents.openapi.get_or_init(|| served_document(&documents.app).into());
    (headers("application/json"), text.clone())
}

/// Read this document as a web page
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/docs", tag = "operation",
    responses((status = 200, description = "An HTML page without external resources.", content_type = "text/html", body = String), DocumentProblems)))]
async fn get_docs() -> impl IntoResponse {
    (headers("text/html; charset=utf-8"), [(header::CONTENT_SECURITY_POLICY, DOCS_POLICY)], DOCS)
}

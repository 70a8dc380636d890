//! The routes of the operator's listener: never merged into the router of the API.

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    routing::get,
};
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use super::Telemetry;

/// `GET /metrics`.
pub fn routes(telemetry: Telemetry) -> Router {
    Router::new().route("/metrics", get(get_metrics)).with_state(telemetry)
}

async fn get_metrics(State(telemetry): State<Telemetry>) -> ([(HeaderName, &'static str); 2], String) {
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], telemetry.scrape())
}

//! The routes of the management listener: never merged into the router of the API.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderName, header},
    routing::get,
};
use domain::EventQueue;
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE;

use tokio::time::timeout;

use runtime::Telemetry;

/// How long the event queue may take to report its depth: a scrape must not wait for it.
const DEPTH_TIMEOUT: Duration = Duration::from_secs(1);

/// `GET /metrics`, with the depth of this queue if there is one.
pub fn routes(telemetry: Telemetry, queue: Option<Arc<dyn EventQueue>>) -> Router {
    Router::new().route("/metrics", get(get_metrics)).with_state((telemetry, queue))
}

type MetricsState = (Telemetry, Option<Arc<dyn EventQueue>>);

async fn get_metrics(
    State((telemetry, queue)): State<MetricsState>,
) -> ([(HeaderName, &'static str); 2], String) {
    let depth = match queue {
        Some(queue) => timeout(DEPTH_TIMEOUT, queue.depth()).await.ok().and_then(Result::ok),
        None => None,
    };
    let text = telemetry.scrape(depth.as_ref());
    ([(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")], text)
}

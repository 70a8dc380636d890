//! Spans of a function, which is frozen between two events.

use runtime_api::{ClientRequest, EventSource, Function, RuntimeApi};
use tempfile::TempDir;

use crate::{collector::Collector, start};

/// A function that sends its spans to `collector` and waits for its first event.
async fn tracing_to(collector: &Collector) -> (TempDir, RuntimeApi, Function) {
    let endpoint = collector.endpoint();
    let timeout = ("OTEL_EXPORTER_OTLP_TIMEOUT", "600000");
    let started = start(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), timeout]).await;
    started.1.ready().await;
    started
}

/// Sends an event with this trace parent, sampled, and waits for its response.
async fn answered(api: &RuntimeApi, trace: u8) {
    let traceparent = format!("00-{}-b7ad6b7169203331-01", format!("{trace:02x}").repeat(16));
    let headers = vec![("traceparent".to_owned(), traceparent)];
    let request = ClientRequest {
        method: "GET".to_owned(),
        target: "/users".to_owned(),
        headers,
        ..ClientRequest::default()
    };
    let answer = api.invoke(EventSource::HttpApi.event(&request).to_string()).await.answered();
    assert_eq!(EventSource::HttpApi.response(&answer).status, 200);
}

#[tokio::test]
async fn the_spans_of_an_event_arrive_before_the_next_event() {
    let collector = Collector::start().await;
    let (_folder, api, _function) = tracing_to(&collector).await;
    for trace in 1..4 {
        answered(&api, trace).await;
        api.ready().await;
        assert!(collector.has(&[trace; 16]), "{trace}");
    }
    assert!(collector.has(b"GET /users") && collector.has(b"users.list"));
}

#[tokio::test]
async fn a_silent_collector_does_not_delay_responses() {
    let collector = Collector::start().await;
    collector.hold(true);
    let (_folder, api, _function) = tracing_to(&collector).await;
    for trace in 1..4 {
        answered(&api, trace).await;
    }
}

#[tokio::test]
async fn pending_spans_are_sent_at_shutdown() {
    let collector = Collector::start().await;
    collector.hold(true);
    let (_folder, api, function) = tracing_to(&collector).await;
    for trace in 1..3 {
        answered(&api, trace).await;
        api.ready().await;
    }
    assert!(!collector.has(&[1; 16]));
    function.terminate().await;
    collector.hold(false);
    assert!(function.ended().await.status.success());
    assert!(collector.has(&[1; 16]) && collector.has(&[2; 16]));
}

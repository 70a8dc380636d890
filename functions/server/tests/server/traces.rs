//! Spans, as a collector receives them.

use std::{collections::HashMap, net::TcpListener, process::Command};

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{Span, span::SpanKind, status::StatusCode},
};
use tempfile::tempdir;

use crate::support::{
    collector::Collector,
    mix::{self, SECRETS, command_for_mix},
    running::{Running, command, output},
};

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let value = attributes.iter().find(|attribute| attribute.key == key)?.value.clone()?.value?;
    match value {
        Value::StringValue(text) => Some(text),
        Value::IntValue(number) => Some(number.to_string()),
        other => panic!("{key}: {other:?}"),
    }
}

fn stop(running: &mut Running) {
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());
}

fn with_collector(command: &mut Command, collector: &Collector) -> Running {
    Running::spawn(
        command
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
            .env("OTEL_EXPORTER_OTLP_HEADERS", "api-key=hunter2"),
    )
}

#[test]
fn spans_of_a_request_arrive_under_its_caller_before_the_process_ends() {
    let (folder, collector) = (tempdir().unwrap(), Collector::start());
    let log = folder.path().join("log");
    let mut running = with_collector(&mut command_for_mix(folder.path(), &log), &collector);
    mix::send(&running);
    stop(&mut running);

    let spans = collector.spans();
    let trace = hex::encode(&spans[0].trace_id);
    assert_eq!(trace, "0af7651916cd43dd8448eb211c80319c");
    assert!(spans.iter().all(|span| hex::encode(&span.trace_id) == trace), "one caller, one trace");
    let servers: HashMap<_, _> = spans
        .iter()
        .filter(|span| span.kind() == SpanKind::Server)
        .map(|span| (span.span_id.clone(), span))
        .collect();
    assert!(servers.values().all(|span| hex::encode(&span.parent_span_id) == "b7ad6b7169203331"));
    let created = servers
        .values()
        .find(|span| text(&span.attributes, "http.response.status_code") == Some("201".into()));
    let created = created.expect("the upload");
    assert_eq!(created.name, "POST /user");
    let mut children: Vec<_> =
        spans.iter().filter(|span| span.parent_span_id == created.span_id).map(|span| &*span.name).collect();
    children.sort_unstable();
    assert_eq!(children, ["image.clean", "process avatar", "users.create"]);
    let works =
        |id: &Vec<u8>| spans.iter().any(|span| span.kind() == SpanKind::Consumer && span.span_id == *id);
    for span in spans.iter().filter(|span| span.kind() != SpanKind::Server) {
        let parent = &span.parent_span_id;
        assert!(servers.contains_key(parent) || works(parent), "{span:?} has a parent");
    }
    let failed = |span: &Span| span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
    let of_requests = spans.iter().filter(|span| !works(&span.span_id) && !works(&span.parent_span_id));
    let mut failures: Vec<_> = of_requests.filter(|span| failed(span)).map(|span| &*span.name).collect();
    failures.sort_unstable();
    assert_eq!(failures, ["GET /users/{id}", "users.get"], "a 4xx is not a server error");

    // The log has the same trace and span ids.
    for line in mix::requests(&log) {
        assert_eq!(line["trace_id"], trace);
        let span =
            servers.values().find(|span| line["span_id"] == hex::encode(&span.span_id)).expect("its span");
        assert_eq!(text(&span.attributes, "request.id").as_deref(), line["request.id"].as_str());
    }
    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(text(&resource.attributes, "service.name").as_deref(), Some("roster"));
    assert_eq!(collector.received()[0].0["api-key"], "hunter2");
}

#[test]
fn logs_metrics_and_spans_contain_no_personal_data_or_secrets() {
    let (folder, collector) = (tempdir().unwrap(), Collector::start());
    let log = folder.path().join("log");
    let mut running = with_collector(&mut command_for_mix(folder.path(), &log), &collector);
    mix::send(&running);
    let metrics = running.metrics();
    stop(&mut running);
    let bodies: Vec<_> = collector.received().into_iter().flat_map(|(_, body)| body.to_vec()).collect();
    assert!(!bodies.is_empty());
    let log = std::fs::read_to_string(&log).unwrap();
    assert!(
        log.contains("\"level\":\"TRACE\"") || log.contains("\"level\":\"DEBUG\""),
        "the whole log is checked"
    );
    for (name, text) in [
        ("the log", &*log),
        ("the metrics", &metrics),
        ("the spans", &String::from_utf8_lossy(&bodies)),
        ("standard output", &running.greeting),
    ] {
        for secret in SECRETS {
            assert!(!text.to_lowercase().contains(secret), "{secret} is in {name}");
        }
    }
}

#[test]
fn an_unavailable_or_silent_collector_fails_no_request_and_logs_one_line() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in ["127.0.0.1:1".to_owned(), silent.local_addr().unwrap().to_string()] {
        let folder = tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = command_for_mix(folder.path(), &log);
        command
            .env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", format!("http://{address}/v1/traces"))
            .env("OTEL_EXPORTER_OTLP_TIMEOUT", "200")
            .env("OTEL_BSP_SCHEDULE_DELAY", "20");
        let mut running = Running::spawn(&mut command);
        mix::send(&running);
        let warnings = || std::fs::read_to_string(&log).unwrap().matches("could not export spans").count();
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while warnings() == 0 && std::time::Instant::now() < deadline {
            std::thread::yield_now();
        }
        for _ in 0..100 {
            assert_eq!(running.get("/users").0, 200);
        }
        stop(&mut running);
        assert_eq!(warnings(), 1, "{address}");
    }
}

#[test]
fn the_variables_of_opentelemetry_are_honoured() {
    let collector = Collector::start();
    let ask_once = |variables: &[(&str, &str)]| {
        let folder = tempdir().unwrap();
        let before = collector.spans().len();
        let mut command = command(folder.path());
        command.stderr(std::process::Stdio::null()).envs(variables.iter().copied());
        let mut running = with_collector(&mut command, &collector);
        running.get("/healthz");
        stop(&mut running);
        collector.spans().len() - before
    };
    assert_eq!(ask_once(&[]), 1);
    assert_eq!(ask_once(&[("OTEL_SDK_DISABLED", "true")]), 0);
    assert_eq!(ask_once(&[("OTEL_TRACES_EXPORTER", "none")]), 0);
    assert_eq!(ask_once(&[("OTEL_TRACES_SAMPLER", "always_off")]), 0);
    assert_eq!(ask_once(&[("OTEL_SERVICE_NAME", "another")]), 1);
    let last = collector.requests().pop().unwrap().resource_spans[0].resource.clone().unwrap();
    assert_eq!(text(&last.attributes, "service.name").as_deref(), Some("another"));
}

#[test]
fn an_invalid_opentelemetry_variable_fails_the_start_with_64_and_one_line() {
    let folder = tempdir().unwrap();
    for (name, value) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "no endpoint"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon"),
    ] {
        let mut command = command(folder.path());
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1").env(name, value);
        let failed = output(&mut command);
        let line = String::from_utf8(failed.stderr).unwrap();
        assert_eq!((failed.status.code(), line.lines().count()), (Some(64), 1), "{line}");
        assert!(line.starts_with(&format!("roster: {name}: ")), "{line}");
    }
}

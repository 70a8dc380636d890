//! The management address.

use std::net::TcpListener;

use tempfile::tempdir;

use crate::support::{
    metrics::value,
    running::{Running, command, output},
};

#[test]
fn metrics_are_at_the_management_address_and_nowhere_else() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    assert_eq!(running.get("/metrics").0, 404);
    let text = running.metrics();
    assert_eq!(value(&text, "http_server_request_duration_seconds_count", &["http_route=\"unknown\""]), 1);
    assert_eq!(
        value(&text, "roster_build_info", &[&format!("version=\"{}\"", env!("CARGO_PKG_VERSION"))]),
        1
    );
    assert!(value(&text, "process_resident_memory_bytes", &[]) > 1_000_000, "{text}");
    assert!(text.contains("\nprocess_cpu_seconds_total "), "{text}");
    assert_eq!(Running::request_at(&running.management, "GET /users", &[], b"").unwrap().0, 404);
    let count = |text: &str| value(text, "http_server_request_duration_seconds_count", &[]);
    assert_eq!(count(&running.metrics()), 1, "a scrape is not a request to the API");
}

#[test]
fn a_management_address_in_use_fails_the_start_with_one_line_that_names_it() {
    let folder = tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let failed = output(command(folder.path()).env("ROSTER_MANAGEMENT_LISTEN", &address));
    let line = String::from_utf8(failed.stderr).unwrap();
    assert_eq!((failed.status.code(), line.lines().count()), (Some(1), 1), "{line}");
    assert!(line.starts_with("roster: ROSTER_MANAGEMENT_LISTEN: ") && line.contains(&address), "{line}");
    assert!(failed.stdout.is_empty(), "it did not say that it listens");
}

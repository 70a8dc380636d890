//! The worker inside `roster serve`.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use rusqlite::Connection;
use tempfile::tempdir;

use crate::support::{
    collector::Collector,
    pictures,
    running::{Running, command, output},
};

/// A generous deadline.
const DEADLINE: Duration = Duration::from_mins(1);

/// One number from the database.
fn number(folder: &Path, sql: &str) -> i64 {
    let connection = Connection::open(folder.join("roster.db")).unwrap();
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn until(what: &str, reached: impl Fn() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !reached() {
        assert!(Instant::now() < end, "{what}");
        std::thread::yield_now();
    }
}

fn renditions(folder: &Path) -> i64 {
    number(folder, "SELECT count(*) FROM renditions")
}

fn events(folder: &Path) -> i64 {
    number(folder, "SELECT count(*) FROM events")
}

fn until_all_are_processed(folder: &Path, images: i64) {
    until("all events are processed", || events(folder) == 0);
    assert_eq!(renditions(folder), images * 6);
}

fn upload(running: &Running, email: &str) {
    assert_eq!(running.create(email, &pictures::small_jpeg()).unwrap().0, 201);
}

fn with_faults(command: &mut Command, faults: &str) -> Running {
    Running::spawn(command.env("ROSTER_FAULTS", faults).stderr(std::process::Stdio::null()))
}

fn in_progress(running: &Running) -> i64 {
    let (status, body) = running.get("/readyz");
    assert_eq!(status, 200);
    serde_json::from_slice::<serde_json::Value>(&body).unwrap()["events"]["in_progress"].as_i64().unwrap()
}

#[test]
fn an_upload_is_rendered_in_the_background() {
    let folder = tempdir().unwrap();
    let running = Running::start(folder.path());
    upload(&running, "ada@example.org");
    upload(&running, "bob@example.org");
    until_all_are_processed(folder.path(), 2);
    let metrics = running.metrics();
    assert!(metrics.contains("roster_event_duration_seconds_count{outcome=\"done\"} 2"), "{metrics}");
    assert!(metrics.contains("roster_events_waiting 0") && metrics.contains("roster_dead_letters 0"));
}

#[test]
fn events_of_a_killed_worker_are_processed_again_without_duplicates() {
    let folder = tempdir().unwrap();
    {
        let mut running = with_faults(&mut command(folder.path()), "renditions.keep=slow:300s");
        upload(&running, "ada@example.org");
        until("it is in progress", || in_progress(&running) == 1);
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    assert_eq!((renditions(folder.path()), events(folder.path())), (0, 1));
    let _running = Running::start(folder.path());
    until_all_are_processed(folder.path(), 1);
}

#[test]
fn a_store_failure_between_renditions_is_retried() {
    let folder = tempdir().unwrap();
    let _running = {
        let running = with_faults(&mut command(folder.path()), "sqlite.insert_rendition=fail*1@from:4");
        upload(&running, "ada@example.org");
        running
    };
    until_all_are_processed(folder.path(), 1);
}

#[test]
fn an_event_in_flight_is_finished_before_the_process_ends() {
    let folder = tempdir().unwrap();
    let mut running = with_faults(&mut command(folder.path()), "renditions.keep=slow:2s");
    upload(&running, "ada@example.org");
    until("it is in progress", || in_progress(&running) == 1);
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());
    assert_eq!((renditions(folder.path()), events(folder.path())), (6, 0));
}

#[test]
fn poison_is_dead_lettered_with_its_reason_and_blocks_nothing() {
    let folder = tempdir().unwrap();
    drop(Running::start(folder.path()));
    Connection::open(folder.path().join("roster.db"))
        .unwrap()
        .execute_batch(
            "INSERT INTO events (kind, user, upload, format, created_at)
                 VALUES ('user.renamed', x'00', x'00', 1, 0), ('avatar.stored', x'00', x'00', 9, 0)",
        )
        .unwrap();
    let running = Running::start(folder.path());
    upload(&running, "ada@example.org");
    until_all_are_processed(folder.path(), 1);
    let reasons = "SELECT count(*) FROM dead_letters WHERE reason LIKE '%does not know%'";
    assert_eq!(number(folder.path(), reasons), 2);
    assert!(running.metrics().contains("roster_dead_letters 2"));
}

#[test]
fn events_wait_for_the_worker_of_another_process() {
    let folder = tempdir().unwrap();
    let running =
        Running::spawn(command(folder.path()).arg("--no-worker").stderr(std::process::Stdio::null()));
    upload(&running, "ada@example.org");
    let metrics = running.metrics();
    assert!(metrics.contains("roster_events_waiting 1"), "{metrics}");
    assert!(metrics.contains("roster_events_oldest_age_seconds "), "{metrics}");
}

#[test]
fn a_standalone_worker_refuses_the_embedded_store() {
    let folder = tempdir().unwrap();
    let refused = output(command(folder.path()).arg("worker"));
    assert_eq!(refused.status.code(), Some(64));
    let line = String::from_utf8(refused.stderr).unwrap();
    assert!(line.contains("roster serve") && line.lines().count() == 1, "{line}");
    let both = output(command(folder.path()).args(["serve", "--worker", "--no-worker"]));
    assert_eq!(both.status.code(), Some(64));
}

#[test]
fn processing_an_event_is_part_of_the_trace_of_its_upload() {
    let (folder, collector) = (tempdir().unwrap(), Collector::start());
    let mut running = Running::spawn(
        command(folder.path())
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
            .stderr(std::process::Stdio::null()),
    );
    let form = crate::support::form::Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    let caller = ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    assert_eq!(running.request_with("POST /user", &[caller], &form.bytes()).unwrap().0, 201);
    until_all_are_processed(folder.path(), 1);
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());

    let spans = collector.spans();
    let upload = spans.iter().find(|span| span.name == "POST /user").unwrap();
    let work = spans.iter().find(|span| span.name == "process avatar").unwrap();
    assert_eq!(work.kind(), SpanKind::Consumer);
    assert_eq!(hex::encode(&work.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(work.parent_span_id, upload.span_id);
    let mut children: Vec<_> =
        spans.iter().filter(|span| span.parent_span_id == work.span_id).map(|span| &*span.name).collect();
    children.sort_unstable();
    // A step for each size.
    children.dedup();
    assert_eq!(children, ["image.inspect", "image.render", "renditions.keep"]);
}

//! `docs/telemetry.md` lists all metrics, fields and spans.

use std::collections::{BTreeMap, BTreeSet};

use domain::Md5;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use storage::conformance::sample;
use tempfile::tempdir;

use crate::support::{
    TestApp,
    collector::Collector,
    metrics::{MetricDescription, described},
    mix,
    running::Running,
};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md")).unwrap()
}

/// The cells of each row of the table that begins with `head`.
fn table(head: &str) -> Vec<Vec<String>> {
    let page = page();
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The text in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The documented name of a span: `*` is a wildcard for names that the metrics have, and a method alone is a
/// request that matches no route.
fn pattern_of(span: &Span, patterns: &BTreeSet<String>) -> String {
    let fits = |pattern: &&String| match (pattern.as_str(), span.kind()) {
        ("{method} {route}", kind) => kind == SpanKind::Server,
        (pattern, _) => match pattern.strip_suffix('*') {
            Some(prefix) => span.name.starts_with(prefix),
            None => span.name == pattern,
        },
    };
    if span.kind() == SpanKind::Server {
        let route = span.attributes.iter().find(|attribute| attribute.key == "http.route");
        assert_eq!(span.name.contains(" /"), route.is_some(), "{}", span.name);
    }
    patterns.iter().find(fits).unwrap_or_else(|| panic!("{} is not on the page", span.name)).clone()
}

/// The values that the page lists for a label.
fn listed(label: &str) -> BTreeSet<String> {
    let page = page();
    let (_, list) = page.split_once(&format!("`{label}`: ")).unwrap();
    let end = [". ", ".\n"].iter().filter_map(|end| list.find(end)).min().unwrap();
    quoted(&list[..end]).into_iter().collect()
}

/// The values that a label of the store calls was seen with.
fn seen(metrics: &str, label: &str) -> BTreeSet<String> {
    let calls = metrics.lines().filter(|line| line.starts_with("roster_store_call_duration_seconds_count{"));
    let value =
        |line: &str| line.split(&format!("{label}=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
    calls.map(value).collect()
}

#[tokio::test]
async fn the_page_lists_every_operation_of_the_stores_and_every_result() {
    let app = TestApp::start().await;
    let stores = app.connection.stores.clone();
    let (users, id) = (&stores.users, sample::new_user("ada").user().id);
    users.get(&id).await.unwrap_err();
    let ada = sample::create_sample(&stores, "ada").await;
    users.create(sample::new_user("ada")).await.unwrap_err();
    for effect in ["unavailable", "throttled", "damaged"] {
        app.faults.set(&format!("users.get={effect}*1")).unwrap();
        users.get(&id).await.unwrap_err();
    }
    app.faults.set("users.get=slow:60s").unwrap();
    assert!(futures_util::poll!(users.get(&id)).is_pending());
    users.find(&domain::EmailHash::Md5(Md5::of(&ada.email))).await.unwrap();
    users.index(&ada).await.unwrap();
    users.list(None, 1).await.unwrap();
    stores.avatars.read(&sample::key(&ada)).await.unwrap();
    stores.avatars.open(&sample::key(&ada)).await.unwrap();
    stores.avatars.read_upload(&sample::key(&ada)).await.unwrap();
    let made = storage::conformance::renditions::renditions("ada");
    stores.renditions.keep(&sample::key(&ada), &made).await.unwrap();
    stores.renditions.read(&sample::key(&ada).renditions().next().unwrap()).await.unwrap_err();
    stores.health.check().await.unwrap();
    users.created(&ada.email, None).await.unwrap_err();
    stores.avatars.link(&sample::key(&ada)).await.unwrap();
    let (uploads, upload) = (&stores.uploads, sample::direct_upload(5));
    uploads.announce(&upload).await.unwrap();
    uploads.find(&upload.id).await.unwrap();
    uploads.keep(&upload.id, "image".into()).await.unwrap();
    uploads.read(&upload).await.unwrap();
    uploads.is_claimed(&upload.id).await.unwrap();
    uploads.claim(&upload.id, &domain::Digest::of(b"request")).await.unwrap();
    uploads.remove(&upload.id).await.unwrap();
    let ada = users.rename(&ada, sample::name("Countess"), sample::time(1)).await.unwrap();
    let ada = users.replace_avatar(&ada, sample::avatar("new"), sample::time(2)).await.unwrap();
    let ada = users.remove_avatar(&ada, sample::time(3)).await.unwrap();
    users.delete(&ada).await.unwrap();
    let metrics = app.telemetry.scrape(None);
    assert_eq!(listed("operation"), seen(&metrics, "operation"));
    assert_eq!(listed("result"), seen(&metrics, "result"));
}

#[test]
fn the_page_lists_every_metric_field_and_span() {
    let (folder, collector) = (tempdir().unwrap(), Collector::start());
    let log = folder.path().join("log");
    let mut command = mix::command_for_mix(folder.path(), &log);
    let mut running = Running::spawn(command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()));
    mix::send(&running);
    let metrics = running.metrics();
    running.signal("-TERM");
    assert!(running.child.wait().unwrap().success());

    let mut documented: Vec<_> = table("| metric | type |")
        .into_iter()
        .map(|row| MetricDescription {
            name: quoted(&row[0]).remove(0),
            kind: row[1].clone(),
            labels: quoted(&row[2]),
        })
        .collect();
    documented.sort();
    assert_eq!(documented, described(&metrics));

    for (head, lines) in [("| field |", mix::requests(&log)), ("| field of an event |", mix::events(&log))] {
        let fields: BTreeSet<_> = table(head).iter().flat_map(|row| quoted(&row[0])).collect();
        let seen: BTreeSet<_> = lines
            .iter()
            .flat_map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>())
            .filter(|key| !["timestamp", "level", "message"].contains(&key.as_str()))
            .collect();
        // A processed event has no cause.
        let seen =
            if head == "| field |" { seen } else { seen.into_iter().chain(["cause".to_owned()]).collect() };
        assert_eq!(fields, seen);
    }

    let spans = collector.spans();
    let patterns: BTreeSet<_> = table("| span | kind |").iter().flat_map(|row| quoted(&row[0])).collect();
    let met: BTreeSet<_> = spans.iter().map(|span| pattern_of(span, &patterns)).collect();
    assert_eq!(patterns, met);

    let documented: BTreeMap<_, BTreeSet<_>> = table("| span | kind |")
        .into_iter()
        .map(|row| (row[1].clone(), quoted(&row[3]).into_iter().collect()))
        .collect();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for span in spans {
        let kind = match span.kind() {
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            SpanKind::Consumer => "consumer",
            _ => "internal",
        };
        let keys = span.attributes.into_iter().map(|attribute| attribute.key);
        seen.entry(kind.to_owned()).or_default().extend(keys);
    }
    assert_eq!(documented, seen);
}

//! `docs/telemetry.md` tells what there is, and all of it.

use std::collections::{BTreeMap, BTreeSet};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use tempfile::tempdir;

use crate::support::{
    collector::Collector,
    metrics::{Described, described},
    mix,
    running::Running,
};

/// The cells of each row of the table that begins with `head`.
fn table(head: &str) -> Vec<Vec<String>> {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// What stands in back quotes.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
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
        .map(|row| Described {
            name: quoted(&row[0]).remove(0),
            kind: row[1].clone(),
            labels: quoted(&row[2]),
        })
        .collect();
    documented.sort();
    assert_eq!(documented, described(&metrics));

    let fields: BTreeSet<_> = table("| field |").iter().flat_map(|row| quoted(&row[0])).collect();
    let seen: BTreeSet<_> = mix::requests(&log)
        .iter()
        .flat_map(|line| line.as_object().unwrap().keys().cloned().collect::<Vec<_>>())
        .filter(|key| !["timestamp", "level", "message"].contains(&key.as_str()))
        .collect();
    assert_eq!(fields, seen);

    let documented: BTreeMap<_, BTreeSet<_>> = table("| span | kind |")
        .into_iter()
        .map(|row| (row[1].clone(), quoted(&row[3]).into_iter().collect()))
        .collect();
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for span in collector.spans() {
        let kind = match span.kind() {
            SpanKind::Server => "server",
            SpanKind::Client => "client",
            _ => "internal",
        };
        let keys = span.attributes.into_iter().map(|attribute| attribute.key);
        seen.entry(kind.to_owned()).or_default().extend(keys);
    }
    assert_eq!(documented, seen);
}

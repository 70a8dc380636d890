//! Metrics of a function: CloudWatch extracts them from a line of its log (embedded metric format,
//! specification of Amazon CloudWatch).

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{EndedRequest, ended::EndedEvent, metrics::UNKNOWN_ROUTE, milliseconds};

/// The namespace of every metric.
const NAMESPACE: &str = "Roster";

/// Metrics that share their dimensions.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive {
    namespace: &'static str,
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Metric],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metric {
    name: &'static str,
    unit: &'static str,
}

const fn metric(name: &'static str, unit: &'static str) -> Metric {
    Metric { name, unit }
}

const REQUEST: Directive = Directive {
    namespace: NAMESPACE,
    dimensions: &[&["http.route"], &["http.route", "http.response.status_code"]],
    metrics: &[
        metric("http.server.request.duration", "Milliseconds"),
        metric("roster.store.calls", "Count"),
        metric("roster.store.duration", "Milliseconds"),
    ],
};
const UPLOAD: Directive = Directive {
    namespace: NAMESPACE,
    dimensions: &[&["image.format"]],
    metrics: &[metric("roster.uploads", "Count"), metric("roster.image.duration", "Milliseconds")],
};
const REFUSAL: Directive = Directive {
    namespace: NAMESPACE,
    dimensions: &[&["image.refused"]],
    metrics: &[metric("roster.images.refused", "Count")],
};

const EVENT: Directive = Directive {
    namespace: NAMESPACE,
    dimensions: &[&["event.outcome"]],
    metrics: &[
        metric("roster.events", "Count"),
        metric("roster.event.duration", "Milliseconds"),
        metric("roster.event.age", "Milliseconds"),
        metric("roster.image.duration", "Milliseconds"),
    ],
};

/// The line of an event whose processing ended at `timestamp_ms` of the Unix epoch, with its line feed.
pub(crate) fn event_line(ended: &EndedEvent<'_>, timestamp_ms: i64) -> String {
    let line = json!({
        "event.outcome": ended.outcome.name(),
        "roster.events": 1,
        "roster.event.duration": milliseconds(ended.duration),
        "roster.event.age": milliseconds(ended.age),
        "roster.image.duration": ended.scope.image_ms(),
        "_aws": { "Timestamp": timestamp_ms, "CloudWatchMetrics": [&EVENT] },
    });
    format!("{line}\n")
}

/// The line of a request that ended at `timestamp_ms` of the Unix epoch, with its line feed.
pub(crate) fn line(ended: &EndedRequest<'_>, timestamp_ms: i64) -> String {
    let mut directives = vec![&REQUEST];
    let mut values = Map::new();
    let mut set = |name: &str, value: Value| values.insert(name.to_owned(), value);
    set("http.request.method", ended.method.into());
    set("http.route", ended.route.unwrap_or(UNKNOWN_ROUTE).into());
    // A dimension must be text.
    set("http.response.status_code", ended.status.as_str().into());
    set("http.server.request.duration", milliseconds(ended.duration).into());
    set("roster.store.calls", ended.scope.store_calls().into());
    set("roster.store.duration", ended.scope.store_ms().into());
    if let Some(format) = ended.uploaded {
        directives.push(&UPLOAD);
        set("image.format", format.into());
        set("roster.uploads", 1.into());
        set("roster.image.duration", ended.scope.image_ms().into());
    }
    if let Some(reason) = ended.refused {
        directives.push(&REFUSAL);
        set("image.refused", reason.into());
        set("roster.images.refused", 1.into());
    }
    set("_aws", json!({ "Timestamp": timestamp_ms, "CloudWatchMetrics": directives }));
    let mut line = Value::Object(values).to_string();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::TraceParent;
    use http::StatusCode;

    use super::*;
    use crate::telemetry::Scope;

    fn lines_of(uploaded: Option<&'static str>, refused: Option<&'static str>) -> Value {
        let scope = Scope::new(TraceParent { trace_id: [1; 16], span_id: [2; 8], sampled: false });
        scope.add_store_call(Duration::from_millis(2));
        let ended = EndedRequest {
            method: "POST",
            route: Some("/user"),
            status: StatusCode::CREATED,
            duration: Duration::from_micros(1500),
            sent_bytes: 9,
            request_id: "r",
            user: None,
            problem: None,
            uploaded,
            refused,
            scope: &scope,
        };
        let line = line(&ended, 1_764_000_000_000);
        assert_eq!((line.lines().count(), line.ends_with('\n')), (1, true));
        serde_json::from_str(&line).unwrap()
    }

    #[test]
    fn a_request_reports_its_duration_by_route_and_by_status() {
        let line = lines_of(None, None);
        assert_eq!(line["_aws"]["Timestamp"], 1_764_000_000_000_i64);
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        assert_eq!(directives.len(), 1);
        assert_eq!(directives[0]["Namespace"], "Roster");
        assert_eq!(
            directives[0]["Dimensions"],
            json!([["http.route"], ["http.route", "http.response.status_code"]])
        );
        assert_eq!(
            directives[0]["Metrics"][0],
            json!({"Name": "http.server.request.duration", "Unit": "Milliseconds"})
        );
        assert_eq!(line["http.server.request.duration"], 1.5);
        assert_eq!((&line["roster.store.calls"], &line["roster.store.duration"]), (&json!(1), &json!(2.0)));
    }

    #[test]
    fn every_metric_and_dimension_that_is_declared_has_a_value_of_its_kind() {
        for line in [lines_of(Some("png"), None), lines_of(None, Some("undecodable"))] {
            let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
            assert_eq!(directives.len(), 2);
            for directive in directives {
                for metric in directive["Metrics"].as_array().unwrap() {
                    assert!(line[metric["Name"].as_str().unwrap()].is_number(), "{metric} in {line}");
                }
                for dimension in
                    directive["Dimensions"].as_array().unwrap().iter().flat_map(|set| set.as_array().unwrap())
                {
                    assert!(line[dimension.as_str().unwrap()].is_string(), "{dimension} in {line}");
                }
            }
        }
    }
}

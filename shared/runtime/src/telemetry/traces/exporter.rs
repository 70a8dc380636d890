//! The exporter of spans, configured by OpenTelemetry's standard variables.

use std::{
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter as Otlp, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    resource::{EnvResourceDetector, TelemetryResourceDetector},
    trace::{SpanData, SpanExporter},
};
use tokio::runtime::Handle;

use super::client::Client;
use crate::telemetry::endpoint::{endpoint, traces_or_all};

/// Minimum time between two warnings about failed exports.
const WARN_EVERY: Duration = Duration::from_mins(1);
/// The specification's default of `OTEL_EXPORTER_OTLP_TIMEOUT`.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The exporter; `None` if no endpoint is set, or the variables turn it off.
pub(super) fn exporter(
    lookup: &impl Fn(&str) -> Option<String>,
    runtime: &Handle,
) -> Result<Option<Exporter>, String> {
    let Some((name, endpoint)) = endpoint(lookup) else { return Ok(None) };

    let protocol = traces_or_all(lookup, "PROTOCOL");
    if let Some((name, value)) = protocol.filter(|(_, value)| value != "http/protobuf") {
        return Err(format!("{name}: `{value}` must be http/protobuf"));
    }
    let timeout = match traces_or_all(lookup, "TIMEOUT") {
        None => TIMEOUT,
        Some((name, value)) => value
            .parse()
            .map(Duration::from_millis)
            .map_err(|_| format!("{name}: `{value}` must be a number of milliseconds"))?,
    };
    let client = Client::new(&endpoint, timeout, runtime.clone());
    let client = client.map_err(|error| format!("{name}: {}", innermost(&error)))?;
    let otlp = Otlp::builder().with_http().with_http_client(client).with_protocol(Protocol::HttpBinary);
    let otlp = otlp.build().map_err(|error| format!("{name}: {error}"))?;
    Ok(Some(Exporter { otlp, warned: Mutex::default() }))
}

/// The root cause: the errors around it only add where it happened.
fn innermost(error: &dyn Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// The resource of the spans: `roster` unless `OTEL_SERVICE_NAME` or `OTEL_RESOURCE_ATTRIBUTES` names it.
pub(super) fn resource(lookup: &impl Fn(&str) -> Option<String>) -> Resource {
    let resource = Resource::builder_empty()
        .with_service_name("roster")
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .with_detectors(&[Box::new(TelemetryResourceDetector), Box::new(EnvResourceDetector::new())]);
    let name = lookup("OTEL_SERVICE_NAME").filter(|name| !name.is_empty());
    match name {
        Some(name) => resource.with_service_name(name).build(),
        None => resource.build(),
    }
}

/// Warns at most once a minute about failed exports. The batch is lost: an unavailable collector does not
/// delay requests.
#[derive(Debug)]
pub(super) struct Exporter {
    otlp: Otlp,
    warned: Mutex<Option<Instant>>,
}

impl Exporter {
    fn may_warn(&self) -> bool {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        let may = warned.is_none_or(|at| at.elapsed() >= WARN_EVERY);
        if may {
            *warned = Some(Instant::now());
        }
        may
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let result = self.otlp.export(batch).await;
        if let Err(error) = &result
            && self.may_warn()
        {
            tracing::warn!(
                error = error as &dyn std::error::Error,
                spans,
                "could not export spans; they are lost"
            );
        }
        result
    }

    fn shutdown(&self) -> OTelSdkResult {
        self.otlp.shutdown()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

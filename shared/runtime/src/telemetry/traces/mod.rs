//! Spans, sent by OTLP over HTTP in batches, off the path of requests.

mod client;
mod exporter;

use std::time::{Duration, Instant, SystemTime};

use domain::TraceParent;
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{
        Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, TraceState, Tracer as _,
        TracerProvider as _,
    },
};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use tokio::{runtime::Handle, task::spawn_blocking};

use super::{ChildKind, ChildSpan, EndedRequest, EventOutcome, ended::EndedEvent};

/// How long the last spans may take to be sent.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum number of attributes of a request's span.
const SERVER_ATTRIBUTES: usize = 7;

/// Makes spans and exports them. The queue is bounded (`OTEL_BSP_MAX_QUEUE_SIZE`, 2,048 spans); beyond it
/// spans are dropped.
pub struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
}

/// The span of a request in progress.
pub struct ServerSpan(Span);

/// The span of an event being processed.
pub struct EventSpan(Span);

impl Traces {
    /// Starts to export spans if `lookup`, which reads the environment, returns an endpoint. The crates of
    /// OpenTelemetry read the rest of `OTEL_*` from the environment themselves.
    ///
    /// # Errors
    /// One line that names the setting.
    pub fn start(lookup: impl Fn(&str) -> Option<String>, runtime: &Handle) -> Result<Option<Self>, String> {
        let exporter = exporter::exporter(&lookup, runtime)?;
        Ok(exporter.map(|exporter| {
            let resource = exporter::resource(&lookup);
            let provider =
                SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build();
            Self { tracer: provider.tracer("roster"), provider }
        }))
    }

    pub(super) async fn flush(&self) {
        let provider = self.provider.clone();
        // Waits at most 5 s; the exporter has logged errors.
        let _ = spawn_blocking(move || provider.force_flush()).await;
    }

    pub(super) async fn stop(&self) {
        let provider = self.provider.clone();
        let stopped = spawn_blocking(move || provider.shutdown_with_timeout(STOP_TIMEOUT)).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "could not export the last spans; they are lost"
            );
        }
    }

    /// A request begins: its span and the trace parent of its children; `None` once the exporter has stopped.
    pub(super) fn begin(
        &self,
        method: &'static str,
        route: Option<&str>,
        caller: Option<TraceParent>,
    ) -> Option<(ServerSpan, TraceParent)> {
        let name = match (method, route) {
            (method, Some(route)) => format!("{method} {route}").into(),
            ("_OTHER", None) => "HTTP".into(),
            (method, None) => method.into(),
        };
        let builder = SpanBuilder {
            name,
            span_kind: Some(SpanKind::Server),
            attributes: Some(Vec::with_capacity(SERVER_ATTRIBUTES)),
            ..SpanBuilder::default()
        };
        let parent = caller.map_or_else(Context::new, |caller| context(&caller, true));
        let span = self.tracer.build_with_context(builder, &parent);
        let trace_parent = trace_parent(&span)?;
        Some((ServerSpan(span), trace_parent))
    }

    /// The processing of an event, which `began` before its parent was known.
    pub(super) fn begin_event(
        &self,
        began: Instant,
        parent: Option<TraceParent>,
    ) -> Option<(EventSpan, TraceParent)> {
        let builder = SpanBuilder {
            name: "process avatar".into(),
            span_kind: Some(SpanKind::Consumer),
            start_time: SystemTime::now().checked_sub(began.elapsed()),
            ..SpanBuilder::default()
        };
        let parent = parent.map_or_else(Context::new, |parent| context(&parent, true));
        let span = self.tracer.build_with_context(builder, &parent);
        let trace_parent = trace_parent(&span)?;
        Some((EventSpan(span), trace_parent))
    }

    /// An operation for the request at `parent` has just ended.
    pub fn child(&self, parent: &TraceParent, child: &ChildSpan) {
        if !parent.sampled {
            return;
        }
        let (kind, attribute) = match child.kind {
            ChildKind::Store => (SpanKind::Client, "db.operation.name"),
            ChildKind::Image => (SpanKind::Internal, "roster.task"),
        };
        let mut attributes = Vec::with_capacity(2);
        attributes.push(KeyValue::new(attribute, child.name));
        attributes.extend(child.error.map(|error| KeyValue::new("error.type", error)));
        let builder = SpanBuilder {
            name: child.name.into(),
            span_kind: Some(kind),
            start_time: SystemTime::now().checked_sub(child.duration),
            attributes: Some(attributes),
            ..SpanBuilder::default()
        };
        let mut span = self.tracer.build_with_context(builder, &context(parent, false));
        if child.error.is_some() {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

impl ServerSpan {
    /// The response was sent or abandoned.
    pub fn end(mut self, ended: &EndedRequest<'_>) {
        let Self(span) = &mut self;
        if !span.is_recording() {
            return;
        }
        span.set_attribute(KeyValue::new("http.request.method", ended.method));
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(ended.status.as_u16())));
        span.set_attribute(KeyValue::new(
            "http.response.body.size",
            i64::try_from(ended.sent_bytes).unwrap_or(i64::MAX),
        ));
        span.set_attribute(KeyValue::new("request.id", ended.request_id.to_owned()));
        if let Some(route) = ended.route {
            span.set_attribute(KeyValue::new("http.route", route.to_owned()));
        }
        if let Some(user) = ended.user {
            span.set_attribute(KeyValue::new("user.id", user.to_string()));
        }
        if ended.status.is_server_error() {
            span.set_attribute(KeyValue::new(
                "error.type",
                ended.problem.unwrap_or(ended.status.as_str()).to_owned(),
            ));
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

impl EventSpan {
    /// The event is done, will be redelivered, or was dead-lettered.
    pub(crate) fn end(mut self, ended: &EndedEvent<'_>) {
        let Self(span) = &mut self;
        if !span.is_recording() {
            return;
        }
        span.set_attribute(KeyValue::new("messaging.message.id", ended.id.to_owned()));
        span.set_attribute(KeyValue::new("event.outcome", ended.outcome.name()));
        if let Some(user) = ended.user {
            span.set_attribute(KeyValue::new("user.id", user.to_string()));
        }
        if ended.outcome != EventOutcome::Done {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}

/// The trace parent for children of a span; `None` once the exporter has stopped.
fn trace_parent(span: &Span) -> Option<TraceParent> {
    let context = span.span_context();
    context.is_valid().then(|| TraceParent {
        trace_id: context.trace_id().to_bytes(),
        span_id: context.span_id().to_bytes(),
        sampled: context.is_sampled(),
    })
}

fn context(trace_parent: &TraceParent, is_remote: bool) -> Context {
    let flags = TraceFlags::default().with_sampled(trace_parent.sampled);
    let (trace, span) =
        (TraceId::from_bytes(trace_parent.trace_id), SpanId::from_bytes(trace_parent.span_id));
    Context::new().with_remote_span_context(SpanContext::new(trace, span, flags, is_remote, TraceState::NONE))
}

//! What an operator observes of a running Roster: metrics, traces, and their part of the wide event.
//!
//! Nothing here holds an e-mail, a name, bytes of an image, a token or a path: see `docs/telemetry.md`.
//!
//! | file | idea |
//! |---|---|
//! | `metrics`, `process` | what `/metrics` exposes: counts since the start, and values of the system |
//! | `method`, `refusal` | label values, so that their number is bounded |
//! | `scope` | the request on whose behalf code runs |
//! | `ended` | a request, an event, or an operation done for either, that has ended |
//! | `event_work` | an event being processed |
//! | `trace_context` | `traceparent` |
//! | `traces` | spans by OTLP; without the feature `otlp` there are none |
//! | `endpoint` | where they are sent |
//! | `emf` | metrics of a function, as a line of its log |
//! | `image_task` | the image work that is counted and timed |

mod emf;
mod ended;
mod endpoint;
mod event_work;
mod image_task;
mod method;
mod metrics;
mod process;
mod refusal;
mod scope;
mod trace_context;
#[cfg(feature = "otlp")]
pub mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "no_traces.rs"]
pub mod traces;

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use domain::{CallOutcome, Delivery, Operation, QueueDepth, StoreObserver, Timestamp, TraceParent, UserId};
use futures_util::{FutureExt as _, future::BoxFuture};
use http::HeaderMap;
use tokio::time::timeout;

use ended::EndedEvent;
pub use ended::{ChildKind, ChildSpan, EndedRequest, EventOutcome, milliseconds};
pub use event_work::EventWork;
pub use image_task::ImageTask;
pub use method::method;
use metrics::{Metrics, UNKNOWN_ROUTE};
pub use refusal::{BUSY, TOO_LARGE, TOO_MUCH_MEMORY, refusal};
pub use scope::Scope;
pub use traces::ServerSpan;
pub use traces::Traces;

/// How long a function waits for its spans to be sent.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The format in which an accepted image was sent. A handler reports it in an extension of its response.
#[derive(Clone, Copy, Debug)]
pub struct Uploaded(pub &'static str);

/// Whether the standard variable `OTEL_SDK_DISABLED` turns metrics and traces off.
pub fn is_disabled(lookup: impl Fn(&str) -> Option<String>) -> bool {
    lookup("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// Runs `future`, which may become a task of its own, on behalf of the request that runs now, if one does.
pub fn on_behalf<F: Future + Send + 'static>(future: F) -> BoxFuture<'static, F::Output> {
    match Scope::current() {
        Some(scope) => scope.around(future).boxed(),
        None => future.boxed(),
    }
}

/// Metrics and traces of one process. Clones share them.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    traces: Option<Traces>,
    sink: MetricsSink,
}

/// Where metrics go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum MetricsSink {
    /// Counted in memory, for scrapes.
    Scraped,
    /// A line each on standard output.
    Emf,
    Off,
}

impl Telemetry {
    /// For a process whose metrics are scraped at its management address.
    pub fn for_server(traces: Option<Traces>) -> Self {
        Self::with_sink(MetricsSink::Scraped, traces)
    }

    /// For a Lambda function: each request writes its metrics to standard output, in CloudWatch's embedded
    /// metric format.
    pub fn for_function(traces: Option<Traces>) -> Self {
        Self::with_sink(MetricsSink::Emf, traces)
    }

    /// For a process that counts nothing and exports no spans: `/metrics` has only the build, the process and
    /// the queue.
    pub fn off() -> Self {
        Self::with_sink(MetricsSink::Off, None)
    }

    fn with_sink(sink: MetricsSink, traces: Option<Traces>) -> Self {
        Self(Arc::new(Inner { metrics: Metrics::default(), traces, sink }))
    }

    /// The metrics, if they are counted for scrapes.
    fn counted(&self) -> Option<&Metrics> {
        (self.0.sink == MetricsSink::Scraped).then_some(&self.0.metrics)
    }

    /// All metrics, in the text format of Prometheus, with the depth of the event queue if it is known.
    pub fn scrape(&self, queue: Option<&QueueDepth>) -> String {
        self.0.metrics.text(queue)
    }

    /// The processing of an event, which `began` as part of `parent`.
    pub fn event(
        &self,
        began: Instant,
        parent: Option<TraceParent>,
        delivery: &Delivery,
        user: Option<UserId>,
    ) -> EventWork {
        let trace_parent = match self.0.traces.as_ref().and_then(|traces| traces.begin_event(began, parent)) {
            Some((span, trace_parent)) => (trace_parent, Some(span)),
            None => (trace_context::child(parent), None),
        };
        EventWork::new(self, trace_parent, began, delivery, user)
    }

    /// The processing of an event has ended.
    fn event_ended(&self, ended: &EndedEvent<'_>, span: Option<traces::EventSpan>) {
        if let Some(metrics) = self.counted() {
            metrics.event(ended.outcome.name(), ended.duration, ended.age);
        }
        if let Some(span) = span {
            span.end(ended);
        }
        if self.0.sink == MetricsSink::Emf {
            print_line(&emf::event_line(ended, Timestamp::now().as_millisecond()));
        }
    }

    /// Exports the queued spans, after each invocation of a function, which may be its last for long. Lambda
    /// bills by the millisecond, so this waits at most a second for the collector: the rest is exported with
    /// a later invocation.
    pub async fn flush(&self) {
        if let Some(traces) = &self.0.traces {
            let _ = timeout(FLUSH_TIMEOUT, traces.flush()).await;
        }
    }

    /// Exports the queued spans within 5 s, and accepts no more.
    pub async fn stop(&self) {
        if let Some(traces) = &self.0.traces {
            traces.stop().await;
        }
    }

    /// A request begins: its trace parent, in the caller's trace or in a new one, and its span if spans are
    /// exported.
    pub fn begin(
        &self,
        method: &'static str,
        route: Option<&str>,
        headers: &HeaderMap,
    ) -> (TraceParent, Option<ServerSpan>) {
        if let Some(metrics) = self.counted() {
            metrics.begin(method);
        }
        let caller = trace_context::caller(headers);
        match self.0.traces.as_ref().and_then(|traces| traces.begin(method, route, caller)) {
            Some((span, trace_parent)) => (trace_parent, Some(span)),
            None => (trace_context::child(caller), None),
        }
    }

    /// A request that [began](Self::begin) has ended.
    pub fn end(&self, ended: &EndedRequest<'_>, span: Option<ServerSpan>) {
        if let Some(metrics) = self.counted() {
            count(metrics, ended);
        }
        if let Some(span) = span {
            span.end(ended);
        }
        if self.0.sink == MetricsSink::Emf {
            print_line(&emf::line(ended, Timestamp::now().as_millisecond()));
        }
    }

    /// The HTTP cache has confirmed the bans of this many writes.
    #[cfg(feature = "cache-bans")]
    pub fn bans_sent(&self, writes: usize) {
        self.count_bans(true, writes);
    }

    /// The bans of this many writes did not reach the HTTP cache.
    #[cfg(feature = "cache-bans")]
    pub fn bans_failed(&self, writes: usize) {
        self.count_bans(false, writes);
    }

    #[cfg(feature = "cache-bans")]
    fn count_bans(&self, confirmed: bool, writes: usize) {
        if let Some(metrics) = self.counted() {
            metrics.bans(confirmed, writes as u64);
        }
    }

    /// Image work has ended, done for the request of `scope` if there is one.
    pub(crate) fn image_work(&self, scope: Option<&Scope>, task: ImageTask, duration: Duration) {
        if let Some(metrics) = self.counted() {
            metrics.image_work(task.name(), duration);
        }
        let Some(scope) = scope else { return };
        scope.add_image_work(duration);
        if let Some(traces) = &self.0.traces {
            traces.child(
                &scope.trace_parent,
                &ChildSpan { kind: ChildKind::Image, name: task.name(), duration, error: None },
            );
        }
    }
}

fn print_line(line: &str) {
    // Fails only if standard output is closed.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

impl StoreObserver for Telemetry {
    /// A store call has ended, made for the request that runs now, if one does.
    fn call_ended(&self, operation: Operation, outcome: CallOutcome, duration: Duration) {
        if let Some(metrics) = self.counted() {
            metrics.store_call(operation.name(), outcome.name(), duration);
        }
        let Some(scope) = Scope::current() else { return };
        scope.add_store_call(duration);
        if let Some(traces) = &self.0.traces {
            let child = ChildSpan {
                kind: ChildKind::Store,
                name: operation.name(),
                duration,
                error: outcome.error(),
            };
            traces.child(&scope.trace_parent, &child);
        }
    }

    fn users_left_out(&self, count: u64) {
        if let Some(metrics) = self.counted() {
            metrics.users_left_out(count);
        }
    }
}

fn count(metrics: &Metrics, ended: &EndedRequest<'_>) {
    let route = ended.route.unwrap_or(UNKNOWN_ROUTE);
    metrics.end(ended.method, route, ended.status.as_u16(), ended.duration);
    if let Some(format) = ended.uploaded {
        metrics.uploaded(format);
    }
    if let Some(reason) = ended.refused {
        metrics.refused(reason);
    }
}

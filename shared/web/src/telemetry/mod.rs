//! What an operator learns of a running Roster: metrics, traces, and what the wide event knows of both.
//!
//! Nothing here holds an e-mail, a name, bytes of an image, a token or a path: `docs/telemetry.md` lists all of it.
//!
//! | file | idea |
//! |---|---|
//! | `metrics`, `process` | what `/metrics` tells: counted since the start, and asked of the system |
//! | `method`, `refusal` | words for labels, so that their number has a bound |
//! | `scope` | the request on whose behalf something happens |
//! | `ended` | what is known of a request, or of something done for it, once it has ended |
//! | `stores` | every call of a store, counted and timed |
//! | `worked` | work on an event, as `ended` is of a request |
//! | `place` | `traceparent` |
//! | `traces` | spans by OTLP; without the feature `otlp` there are none |
//! | `emf` | metrics of a function, as a line of its log |
//! | [`management`] | the listener of the operator |

mod emf;
mod ended;
pub mod management;
mod method;
mod metrics;
mod place;
mod process;
mod refusal;
mod scope;
mod stores;
#[cfg(feature = "otlp")]
pub mod traces;
#[cfg(not(feature = "otlp"))]
#[path = "no_traces.rs"]
pub mod traces;
mod worked;

use std::{
    io::Write as _,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::http::HeaderMap;
use domain::{Delivery, QueueDepth, TraceParent, UserId};
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::timeout;

use crate::{admission::ImageTask, clock};

pub(crate) use ended::{Child, Ended, Work, milliseconds};
pub(crate) use method::method;
use metrics::{Metrics, UNKNOWN_ROUTE};
pub(crate) use refusal::{BUSY, TOO_LARGE, TOO_MUCH_MEMORY, refusal};
pub(crate) use scope::Scope;
use stores::StoreResult;
pub use stores::observed;
pub(crate) use traces::ServerSpan;
pub use traces::Traces;
use worked::Worked;
pub use worked::{EventOutcome, EventWork};

/// How long a function waits for its spans to be sent.
const FLUSH_WITHIN: Duration = Duration::from_secs(1);

/// The format of an image that was accepted, as it was sent. A handler names it by an extension of its response.
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

/// Metrics and traces of one process. Clones are the same.
#[derive(Clone)]
pub struct Telemetry(Arc<Inner>);

struct Inner {
    metrics: Metrics,
    traces: Option<Traces>,
    told: Told,
}

/// How requests, and what is done for them, are told as metrics.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    /// Counted, for whoever asks.
    WhenAsked,
    /// A line each on standard output.
    Line,
    Nowhere,
}

impl Telemetry {
    /// Of a process whose metrics are asked for at its management address.
    pub fn for_server(traces: Option<Traces>) -> Self {
        Self::telling(Told::WhenAsked, traces)
    }

    /// Of a Lambda function: each request says its metrics on standard output, in CloudWatch's embedded metric format.
    pub fn for_function(traces: Option<Traces>) -> Self {
        Self::telling(Told::Line, traces)
    }

    /// Of a process that counts nothing and sends no spans: `/metrics` tells of the process alone.
    pub fn off() -> Self {
        Self::telling(Told::Nowhere, None)
    }

    fn telling(told: Told, traces: Option<Traces>) -> Self {
        Self(Arc::new(Inner { metrics: Metrics::default(), traces, told }))
    }

    /// What counts, where anybody asks for it.
    fn counted(&self) -> Option<&Metrics> {
        (self.0.told == Told::WhenAsked).then_some(&self.0.metrics)
    }

    /// All metrics, in the text format of Prometheus, with what waits in the queue of events where that is known.
    pub fn scrape(&self, queue: Option<&QueueDepth>) -> String {
        self.0.metrics.text(queue)
    }

    /// Work on an event, which `began` and is part of `parent`.
    pub fn event(
        &self,
        began: Instant,
        parent: Option<TraceParent>,
        delivery: &Delivery,
        user: Option<UserId>,
    ) -> EventWork {
        let place = match self.0.traces.as_ref().and_then(|traces| traces.begin_event(began, parent)) {
            Some((span, place)) => (place, Some(span)),
            None => (place::below(parent), None),
        };
        EventWork::new(self, place, began, delivery, user)
    }

    /// Work on an event has ended.
    fn event_ended(&self, ended: &Worked<'_>, span: Option<traces::EventSpan>) {
        if let Some(metrics) = self.counted() {
            metrics.event(ended.outcome.name(), ended.duration, ended.age);
        }
        if let Some(span) = span {
            span.end(ended);
        }
        if self.0.told == Told::Line {
            let line = emf::event_line(ended, clock::now().as_millisecond());
            // Fails only where nobody reads it.
            let _ = std::io::stdout().lock().write_all(line.as_bytes());
        }
    }

    /// Sends the spans that wait; after each invocation of a function, which may be its last for long. It is paid for
    /// by the millisecond, so a collector that does not answer within a second is left alone: what it did not get yet
    /// goes out with a later invocation.
    pub async fn flush(&self) {
        if let Some(traces) = &self.0.traces {
            let _ = timeout(FLUSH_WITHIN, traces.flush()).await;
        }
    }

    /// Sends the spans that wait, within 5 s, and takes no more.
    pub async fn stop(&self) {
        if let Some(traces) = &self.0.traces {
            traces.stop().await;
        }
    }

    /// A request begins: its place in the caller's trace, or in a new one, and its span where spans are sent.
    pub(crate) fn begin(
        &self,
        method: &'static str,
        route: Option<&str>,
        headers: &HeaderMap,
    ) -> (TraceParent, Option<ServerSpan>) {
        if let Some(metrics) = self.counted() {
            metrics.begin(method);
        }
        let caller = place::caller(headers);
        match self.0.traces.as_ref().and_then(|traces| traces.begin(method, route, caller)) {
            Some((span, place)) => (place, Some(span)),
            None => (place::below(caller), None),
        }
    }

    /// A request that [began](Self::begin) has ended.
    pub(crate) fn end(&self, ended: &Ended<'_>, span: Option<ServerSpan>) {
        if let Some(metrics) = self.counted() {
            count(metrics, ended);
        }
        if let Some(span) = span {
            span.end(ended);
        }
        if self.0.told == Told::Line {
            let line = emf::line(ended, clock::now().as_millisecond());
            // Fails only where nobody reads it.
            let _ = std::io::stdout().lock().write_all(line.as_bytes());
        }
    }

    /// A call of a store has ended, made for the request of `scope` if for one.
    pub(crate) fn store_call(
        &self,
        scope: Option<&Scope>,
        operation: &'static str,
        result: StoreResult,
        duration: Duration,
    ) {
        if let Some(metrics) = self.counted() {
            metrics.store_call(operation, result.name(), duration);
        }
        let Some(scope) = scope else { return };
        scope.add_store_call(duration);
        if let Some(traces) = &self.0.traces {
            traces.child(
                &scope.place,
                &Child { work: Work::Store, name: operation, duration, error: result.error() },
            );
        }
    }

    /// Work on an image has ended, done for the request of `scope` if for one.
    pub(crate) fn image_work(&self, scope: Option<&Scope>, task: ImageTask, duration: Duration) {
        if let Some(metrics) = self.counted() {
            metrics.image_work(task.name(), duration);
        }
        let Some(scope) = scope else { return };
        scope.add_image_work(duration);
        if let Some(traces) = &self.0.traces {
            traces
                .child(&scope.place, &Child { work: Work::Image, name: task.name(), duration, error: None });
        }
    }
}

fn count(metrics: &Metrics, ended: &Ended<'_>) {
    let route = ended.route.unwrap_or(UNKNOWN_ROUTE);
    metrics.end(ended.method, route, ended.status.as_u16(), ended.duration);
    if let Some(format) = ended.uploaded {
        metrics.uploaded(format);
    }
    if let Some(reason) = ended.refused {
        metrics.refused(reason);
    }
}

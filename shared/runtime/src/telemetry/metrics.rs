//! The metrics, by the names of `docs/telemetry.md`.

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use domain::{QueueDepth, Timestamp};
use prometheus_client::{
    encoding::{EncodeLabelSet, prometheus_text},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::{Registry, Unit},
};

use super::process::Process;

/// Bounds in seconds: a page of users takes 40 µs, an upload a few ms, and no response begins after 20 s.
const BUCKETS: [f64; 16] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 20.0];

/// Bounds in seconds: an event is delivered at once, or waits for hours while no worker runs.
const AGES: [f64; 12] = [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86_400.0];

/// The route of paths that no route matches: clients may invent any number of them.
pub(super) const UNKNOWN_ROUTE: &str = "unknown";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[expect(clippy::struct_field_names, reason = "a field is a label, named by the conventions")]
struct RequestLabels {
    http_request_method: &'static str,
    http_route: Arc<str>,
    http_response_status_code: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MethodLabels {
    http_request_method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FormatLabels {
    format: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TaskLabels {
    task: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StoreLabels {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

fn durations<L: Clone + Eq + std::hash::Hash>() -> Durations<L> {
    Family::new_with_constructor(|| Histogram::new(BUCKETS))
}

/// Every metric. Label sets are looked up, not built: after the first request of a kind nothing is allocated.
pub(super) struct Metrics {
    registry: Registry,
    requests: Durations<RequestLabels>,
    /// The routes seen so far, so that each is one shared string.
    routes: RwLock<HashSet<Arc<str>>>,
    active: Family<MethodLabels, Gauge>,
    uploads: Family<FormatLabels, Counter>,
    refused: Family<ReasonLabels, Counter>,
    image_work: Durations<TaskLabels>,
    store_calls: Durations<StoreLabels>,
    events: Durations<OutcomeLabels>,
    ages: Family<OutcomeLabels, Histogram, fn() -> Histogram>,
    users_left_out: Counter,
    #[cfg(feature = "cache-bans")]
    bans: [Counter; 2],
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let build = Info::new([("version", env!("CARGO_PKG_VERSION")), ("arch", std::env::consts::ARCH)]);
        registry.register("roster_build", "Version and architecture of this program", build);
        let requests = durations();
        registry.register_with_unit(
            "http_server_request_duration",
            "Time from the head of a request to the last byte of its response",
            Unit::Seconds,
            requests.clone(),
        );
        let active = Family::default();
        registry.register("http_server_active_requests", "Requests in progress", active.clone());
        let uploads = Family::default();
        registry.register(
            "roster_uploads",
            "Images accepted, by the format they were sent in",
            uploads.clone(),
        );
        let refused = Family::default();
        registry.register("roster_images_refused", "Images refused", refused.clone());
        let image_work = durations();
        registry.register_with_unit(
            "roster_image_work_duration",
            "Time of image work, excluding waiting",
            Unit::Seconds,
            image_work.clone(),
        );
        let store_calls = durations();
        registry.register_with_unit(
            "roster_store_call_duration",
            "Duration of store calls",
            Unit::Seconds,
            store_calls.clone(),
        );
        let events = durations();
        registry.register_with_unit(
            "roster_event_duration",
            "Time from the delivery of an event to its outcome",
            Unit::Seconds,
            events.clone(),
        );
        let ages = Family::new_with_constructor((|| Histogram::new(AGES)) as fn() -> Histogram);
        registry.register_with_unit(
            "roster_event_age",
            "Time from the sending of an event to its outcome",
            Unit::Seconds,
            ages.clone(),
        );
        let users_left_out = Counter::default();
        registry.register(
            "roster_users_left_out",
            "Items of other programs that a list left out, since they cannot be shown",
            users_left_out.clone(),
        );
        #[cfg(feature = "cache-bans")]
        let bans = bans(&mut registry);
        registry.register_collector(Box::new(Process));
        Self {
            registry,
            requests,
            routes: RwLock::default(),
            active,
            uploads,
            refused,
            image_work,
            store_calls,
            events,
            ages,
            users_left_out,
            #[cfg(feature = "cache-bans")]
            bans,
        }
    }
}

impl Metrics {
    /// All of them, in the text format of Prometheus.
    pub(super) fn text(&self, queue: Option<&QueueDepth>) -> String {
        let mut text = String::new();
        let mut encode = |registry: &Registry| {
            prometheus_text::encode(&mut text, registry).expect("writing to a String cannot fail");
        };
        encode(&self.registry);
        if let Some(depth) = queue {
            encode(&of_queue(depth));
        }
        text
    }

    /// The processing of an event has ended.
    pub(super) fn event(&self, outcome: &'static str, duration: Duration, age: Duration) {
        self.events.get_or_create(&OutcomeLabels { outcome }).observe(duration.as_secs_f64());
        self.ages.get_or_create(&OutcomeLabels { outcome }).observe(age.as_secs_f64());
    }

    /// A request begins.
    pub(super) fn begin(&self, method: &'static str) {
        self.active.get_or_create(&MethodLabels { http_request_method: method }).inc();
    }

    /// A request that [began](Self::begin) has ended.
    pub(super) fn end(&self, method: &'static str, route: &str, status: u16, duration: Duration) {
        self.active.get_or_create(&MethodLabels { http_request_method: method }).dec();
        let labels = RequestLabels {
            http_request_method: method,
            http_route: self.route(route),
            http_response_status_code: status,
        };
        self.requests.get_or_create(&labels).observe(duration.as_secs_f64());
    }

    /// An image was accepted.
    pub(super) fn uploaded(&self, format: &'static str) {
        self.uploads.get_or_create(&FormatLabels { format }).inc();
    }

    /// An image was refused.
    pub(super) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Image work took this long.
    pub(super) fn image_work(&self, task: &'static str, duration: Duration) {
        self.image_work.get_or_create(&TaskLabels { task }).observe(duration.as_secs_f64());
    }

    /// A store call took this long.
    pub(super) fn store_call(&self, operation: &'static str, result: &'static str, duration: Duration) {
        self.store_calls.get_or_create(&StoreLabels { operation, result }).observe(duration.as_secs_f64());
    }

    /// A list left out this many items.
    pub(super) fn users_left_out(&self, count: u64) {
        self.users_left_out.inc_by(count);
    }

    /// Bans of the HTTP cache ended, confirmed or not.
    #[cfg(feature = "cache-bans")]
    pub(super) fn bans(&self, confirmed: bool, count: u64) {
        let [sent, failed] = &self.bans;
        if confirmed { sent } else { failed }.inc_by(count);
    }

    fn route(&self, route: &str) -> Arc<str> {
        if let Some(known) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(route) {
            return known.clone();
        }
        let new: Arc<str> = route.into();
        self.routes.write().unwrap_or_else(PoisonError::into_inner).insert(new.clone());
        new
    }
}

/// The counters of bans that the HTTP cache has confirmed, and of those that failed.
#[cfg(feature = "cache-bans")]
fn bans(registry: &mut Registry) -> [Counter; 2] {
    let counters = [Counter::default(), Counter::default()];
    let [sent, failed] = counters.clone();
    registry.register("roster_cache_bans", "Writes whose ban the HTTP cache has confirmed", sent);
    registry.register("roster_cache_bans_failed", "Writes whose ban did not reach the HTTP cache", failed);
    counters
}

/// The current depth of the event queue.
fn of_queue(depth: &QueueDepth) -> Registry {
    let mut registry = Registry::default();
    for (name, help, value) in [
        ("roster_events_waiting", "Events waiting for a worker", depth.waiting),
        ("roster_events_in_progress", "Events being processed", depth.in_progress),
        ("roster_dead_letters", "Dead-lettered events", depth.dead),
    ] {
        let gauge: Gauge = Gauge::default();
        gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, gauge);
    }
    if let Some(oldest) = depth.oldest {
        let gauge = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        gauge.set(Timestamp::now().duration_since(oldest).as_secs_f64());
        registry.register_with_unit(
            "roster_events_oldest_age",
            "Age of the oldest unprocessed event",
            Unit::Seconds,
            gauge,
        );
    }
    registry
}

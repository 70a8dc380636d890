//! The request on whose behalf code runs, known to everything within its future.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use domain::TraceParent;

use super::milliseconds;

tokio::task_local! {
    static CURRENT: Arc<Scope>;
}

/// A request's trace parent, and what was done for it. Ports have no such argument, so it travels with
/// the task.
pub struct Scope {
    /// The request's own span: the parent of everything done for it.
    pub trace_parent: TraceParent,
    store_calls: AtomicU32,
    store_ns: AtomicU64,
    image_ns: AtomicU64,
}

impl Scope {
    pub fn new(trace_parent: TraceParent) -> Arc<Self> {
        Arc::new(Self { trace_parent, store_calls: 0.into(), store_ns: 0.into(), image_ns: 0.into() })
    }

    /// The request whose future is running.
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Runs `future` on behalf of this request.
    pub fn around<F: Future>(self: Arc<Self>, future: F) -> impl Future<Output = F::Output> {
        CURRENT.scope(self, future)
    }

    /// Runs `work` on behalf of this request.
    pub fn within<T>(self: &Arc<Self>, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    pub(super) fn add_store_call(&self, duration: Duration) {
        self.store_calls.fetch_add(1, Relaxed);
        self.store_ns.fetch_add(nanoseconds(duration), Relaxed);
    }

    pub fn add_image_work(&self, duration: Duration) {
        self.image_ns.fetch_add(nanoseconds(duration), Relaxed);
    }

    pub fn store_calls(&self) -> u32 {
        self.store_calls.load(Relaxed)
    }

    pub fn store_ms(&self) -> f64 {
        milliseconds(Duration::from_nanos(self.store_ns.load(Relaxed)))
    }

    pub fn image_ms(&self) -> f64 {
        milliseconds(Duration::from_nanos(self.image_ns.load(Relaxed)))
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

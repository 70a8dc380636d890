//! `GET /healthz`, `GET /readyz`.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use domain::{Error, EventQueue, Ownership, QueueDepth, StoreHealth, Timestamp};
use futures_util::{
    FutureExt as _,
    future::{BoxFuture, Shared},
};
use serde::Serialize;
use tokio::time::Instant;
#[cfg(feature = "openapi")]
use utoipa::{OpenApi, ToSchema};

use crate::answer;
use runtime::{Lifecycle, lifecycle::Phase, telemetry::Scope};

/// How long the state of a store is cached.
const CACHED_FOR: Duration = Duration::from_secs(1);
/// Time limit of a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

/// The state of a store.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Store {
    Up,
    Down,
    /// It belongs to another environment.
    Wrong,
}

/// When a check ended, and what it found.
type CheckResult = (Instant, Store, Option<QueueDepth>);

/// A check that all waiting requests share. Its task completes even if all of them are dropped.
type Check = Shared<BoxFuture<'static, CheckResult>>;

/// What readiness checks.
#[derive(Clone)]
pub struct Health {
    lifecycle: Lifecycle,
    store: Arc<dyn StoreHealth>,
    queue: Option<Arc<dyn EventQueue>>,
    last: Arc<Mutex<Option<Check>>>,
}

impl Health {
    /// Readiness of this process on this store.
    pub fn new(
        lifecycle: Lifecycle,
        store: Arc<dyn StoreHealth>,
        queue: Option<Arc<dyn EventQueue>>,
    ) -> Self {
        Self { lifecycle, store, queue, last: Arc::default() }
    }

    async fn store_state(&self) -> (Store, Option<QueueDepth>) {
        loop {
            let (check, is_new) = self.current_check();
            let (at, state, depth) = check.await;
            // A check that no request waited for may have ended long ago.
            if is_new || at.elapsed() < CACHED_FOR {
                return (state, depth);
            }
        }
    }

    /// The check in progress or cached, or a new one; whether it is new.
    fn current_check(&self) -> (Check, bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = &*last
            && check.peek().is_none_or(|(at, ..)| at.elapsed() < CACHED_FOR)
        {
            return (check.clone(), false);
        }
        let running = run_check(self.store.clone(), self.queue.clone());
        // On behalf of the request that starts it.
        let running = match Scope::current() {
            Some(scope) => tokio::spawn(scope.around(running)),
            None => tokio::spawn(running),
        };
        let check =
            running.map(|answer| answer.unwrap_or((Instant::now(), Store::Down, None))).boxed().shared();
        *last = Some(check.clone());
        (check, true)
    }
}

async fn run_check(store: Arc<dyn StoreHealth>, queue: Option<Arc<dyn EventQueue>>) -> CheckResult {
    let state = match tokio::time::timeout(CHECK_TIMEOUT, store.check()).await {
        Ok(Ok(_)) => Store::Up,
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "store is not ready");
            if matches!(error, Error::WrongEnvironment(_)) { Store::Wrong } else { Store::Down }
        }
        Err(_) => {
            tracing::warn!("readiness check of the store timed out");
            Store::Down
        }
    };
    // Readiness does not depend on the queue: without its answer the depth is left out.
    let depth = match &queue {
        Some(queue) if state == Store::Up => {
            tokio::time::timeout(CHECK_TIMEOUT, queue.depth()).await.ok().and_then(Result::ok)
        }
        _ => None,
    };
    (Instant::now(), state, depth)
}

const LIVENESS: &str = "/healthz";
const READINESS: &str = "/readyz";

/// The routes.
pub fn routes(health: Health) -> Router {
    Router::new().route(LIVENESS, get(get_liveness)).route(READINESS, get(get_readiness)).with_state(health)
}

/// Whether this route is probed every few seconds, so that its requests are logged at a lower level.
pub(crate) fn is_probed(route: &str) -> bool {
    [LIVENESS, READINESS].contains(&route)
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(OpenApi)]
#[openapi(paths(get_liveness, get_readiness), components(schemas(ReadinessBody, DependencyBody, EventsBody)))]
pub struct Api;

/// Whether this instance may be sent requests.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = Readiness))]
struct ReadinessBody {
    /// `ready`, `degraded`, `starting`, `draining` or `unready`.
    #[cfg_attr(feature = "openapi", schema(example = "ready"))]
    status: &'static str,
    /// The dependencies and their states.
    dependencies: Vec<DependencyBody>,
    /// The depth of the event queue, if there is one and it responds.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventsBody>,
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = Events))]
struct EventsBody {
    /// Events waiting for a worker.
    waiting: u64,
    /// Events being processed.
    in_progress: u64,
    /// Dead-lettered events.
    dead: u64,
    /// Age of the oldest unprocessed event, if the queue reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest_age_seconds: Option<i64>,
}

impl EventsBody {
    fn new(depth: &QueueDepth) -> Self {
        let age = |sent_at| Timestamp::now().duration_since(sent_at).as_secs().try_into().unwrap_or(i64::MAX);
        let QueueDepth { waiting, in_progress, dead, oldest } = *depth;
        Self { waiting, in_progress, dead, oldest_age_seconds: oldest.map(age) }
    }
}

#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = Dependency))]
struct DependencyBody {
    /// Name of the dependency.
    #[cfg_attr(feature = "openapi", schema(example = "sqlite"))]
    name: &'static str,
    /// `up`, `down`, or `wrong environment`.
    #[cfg_attr(feature = "openapi", schema(example = "up"))]
    status: &'static str,
}

crate::problems!(HealthProblems:);

/// Check liveness
///
/// Does not access the stores.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = LIVENESS, tag = "operation", responses((status = 200, description = "The process is alive.", content_type = "text/plain", body = String), HealthProblems)))]
async fn get_liveness() -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], "ok\n")
}

/// Check readiness
///
/// One point read of the store, cached for a second.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = READINESS, tag = "operation", responses(
    (status = 200, description = "Ready; `degraded` if a shared store is unavailable.", body = ReadinessBody),
    (status = 503, description = "Not ready: starting, draining, its own storage is broken, or its store belongs to another environment.", body = ReadinessBody),
)))]
async fn get_readiness(State(health): State<Health>) -> Response {
    let (store, depth) = health.store_state().await;
    let (code, status) = match (health.lifecycle.phase(), store, health.store.ownership()) {
        (Phase::Starting, ..) => (StatusCode::SERVICE_UNAVAILABLE, "starting"),
        (Phase::Draining, ..) => (StatusCode::SERVICE_UNAVAILABLE, "draining"),
        (Phase::Serving, Store::Up, _) => (StatusCode::OK, "ready"),
        (Phase::Serving, Store::Down, Ownership::Shared) => (StatusCode::OK, "degraded"),
        (Phase::Serving, Store::Down | Store::Wrong, _) => (StatusCode::SERVICE_UNAVAILABLE, "unready"),
    };
    let status_of_store = match store {
        Store::Up => "up",
        Store::Down => "down",
        Store::Wrong => "wrong environment",
    };
    let dependency = DependencyBody { name: health.store.name(), status: status_of_store };
    answer::json(
        code,
        &ReadinessBody {
            status,
            dependencies: vec![dependency],
            events: depth.as_ref().map(EventsBody::new),
        },
    )
    .into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use async_trait::async_trait;
    use domain::Environment;
    use tokio::sync::Semaphore;

    use super::*;

    /// A store that counts its checks, and responds when it is allowed to.
    struct CountingStore {
        checks: AtomicUsize,
        answers: Semaphore,
    }

    #[async_trait]
    impl StoreHealth for CountingStore {
        fn name(&self) -> &'static str {
            "counted"
        }

        fn ownership(&self) -> Ownership {
            Ownership::Shared
        }

        async fn check(&self) -> Result<Option<Environment>, Error> {
            self.checks.fetch_add(1, Ordering::SeqCst);
            self.answers.acquire().await.expect("never closed").forget();
            Ok(None)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn concurrent_checks_share_one_read_for_a_second() {
        let store = Arc::new(CountingStore { checks: AtomicUsize::new(0), answers: Semaphore::new(0) });
        let health = Health::new(Lifecycle::default(), store.clone(), None);
        for reads in 1..=2 {
            let mut waiting: Vec<_> = (0..100).map(|_| Box::pin(health.store_state())).collect();
            for one in &mut waiting {
                assert!(futures_util::poll!(one.as_mut()).is_pending());
            }
            store.answers.add_permits(1);
            for (state, _) in futures_util::future::join_all(waiting).await {
                assert!(state == Store::Up);
            }
            health.store_state().await;
            assert_eq!(store.checks.load(Ordering::SeqCst), reads);
            tokio::time::advance(CACHED_FOR).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_request_neither_ends_a_check_nor_starts_a_second_one() {
        let store = Arc::new(CountingStore { checks: AtomicUsize::new(0), answers: Semaphore::new(0) });
        let health = Health::new(Lifecycle::default(), store.clone(), None);
        for _ in 0..100 {
            let mut gone = Box::pin(health.store_state());
            assert!(futures_util::poll!(gone.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        assert_eq!(store.checks.load(Ordering::SeqCst), 1);
        store.answers.add_permits(1);
        assert!(health.store_state().await.0 == Store::Up);
        assert_eq!(store.checks.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stale_result_is_not_returned() {
        let store = Arc::new(CountingStore { checks: AtomicUsize::new(0), answers: Semaphore::new(2) });
        let health = Health::new(Lifecycle::default(), store.clone(), None);
        let mut gone = Box::pin(health.store_state());
        assert!(futures_util::poll!(gone.as_mut()).is_pending());
        drop(gone);
        tokio::task::yield_now().await;
        tokio::time::advance(CACHED_FOR).await;
        health.store_state().await;
        assert_eq!(store.checks.load(Ordering::SeqCst), 2);
    }
}

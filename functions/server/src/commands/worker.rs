//! `roster worker`, and the worker inside `roster serve`.

use anyhow::Context as _;
use axum::Router;
use domain::Environment;
use process_avatar::{Processor, work};
use runtime::{Lifecycle, Telemetry, config::Config};
use storage::{Config as Storage, Faults, Guard, guarded, with_faults};
use tokio::{net::TcpListener, sync::oneshot};
use web::{
    Auth, Callers, Cors, Kit, Links,
    health::{self, Health},
    management,
};

use super::{
    confirm::confirm,
    serve::{Signals, wrong_or_not},
    vital::Vital,
};
use crate::app::{Parts, kit};

/// A worker inside this process: processes the events of the kit's queue once the store's environment is
/// verified, until the sender of `stopped` is dropped; then finishes the events in flight.
pub(super) fn working(
    kit: &Kit,
    bucket: Option<String>,
    guard: Guard,
    stopped: oneshot::Receiver<()>,
) -> Vital {
    let queue = kit.queue.clone().expect("the settings require a queue");
    let processor = Processor::new(kit, bucket);
    Vital::spawn("the worker", async move {
        let mut stopped = stopped;
        tokio::select! { _ = &mut stopped => return, () = guard.passed() => {} }
        work(queue, processor, async { drop(stopped.await) }).await;
    })
}

/// Processes events until SIGTERM or SIGINT; `/metrics`, `/healthz` and `/readyz` answer at the management
/// address.
///
/// # Errors
/// As for [`serve`](super::serve::serve).
pub async fn worker(
    config: Config,
    storage: Storage,
    faults: Faults,
    expected: Option<Environment>,
    telemetry: Telemetry,
) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let connection = storage::connect(&storage).await.map_err(wrong_or_not)?;
    let (stores, guard) = guarded(with_faults(connection.stores.clone(), faults), expected);
    let lifecycle = Lifecycle::default();
    tokio::select! {
        confirmed = confirm(&guard, &lifecycle) => confirmed?,
        () = signals.wait() => return Ok(()),
    }
    let listener = TcpListener::bind(config.management_listen).await.with_context(|| {
        format!("ROSTER_MANAGEMENT_LISTEN: cannot listen on {}", config.management_listen)
    })?;
    let address = listener.local_addr()?;
    let queue = connection.tools.queue.clone();
    let parts = Parts {
        stores,
        queue: queue.clone(),
        links: Links::new("", ""),
        auth: Auth::off(),
        cors: Cors::default(),
        callers: Callers::default(),
        lifecycle: lifecycle.clone(),
        max_upload_bytes: config.max_upload_bytes,
        image_memory_bytes: config.image_memory_bytes,
        cache_bytes: 0,
        default_image_hosts: Vec::new(),
        initials: false,
        demo: false,
        telemetry: telemetry.clone(),
    };
    let (kit, _) = kit(parts, runtime::memory::limit_bytes());
    let health = Health::new(lifecycle.clone(), kit.stores.health.clone(), queue.clone());
    let router =
        Router::new().merge(management::routes(telemetry.clone(), queue)).merge(health::routes(health));
    let router = Callers::of_management(&config).around(router);
    let (end, ended) = oneshot::channel::<()>();
    let managing = web::serve_management(router, listener, async { drop(ended.await) });
    let mut managing = Vital::spawn("the management listener", managing);
    tracing::info!(management = %address, storage = config.storage, "worker started");

    let (stop, stopped) = oneshot::channel::<()>();
    let mut working = working(&kit, config.avatars_bucket, guard.clone(), stopped);
    let why: Option<anyhow::Error> = tokio::select! {
        () = signals.wait() => None,
        why = guard.wrong() => Some(why.into()),
        why = working.died() => Some(why),
        why = managing.died() => Some(why),
    };
    tracing::info!("draining");
    lifecycle.draining();
    drop(stop);
    working.finished().await;
    connection.close().await;
    telemetry.stop().await;
    drop(end);
    managing.finished().await;
    tracing::info!("stopped");
    why.map_or(Ok(()), Err)
}

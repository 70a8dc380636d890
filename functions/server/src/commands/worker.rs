//! `roster worker`, and the worker inside `roster serve`.

use anyhow::Context as _;
use axum::Router;
use domain::Environment;
use process_avatar::{Processor, work};
use storage::{Config as Storage, Faults, Guard, guarded, with_faults};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};
use web::{
    Auth, Cors, Kit, Lifecycle, Links, Telemetry,
    config::Config,
    health::{self, Health},
    telemetry::management,
};

use super::{
    confirm::confirm,
    serve::{Signals, wrong_or_not},
};
use crate::app::{Parts, kit};

/// A worker inside this process.
pub(super) struct Working(JoinHandle<()>);

impl Working {
    /// Works the events of the kit's queue, from when the store has named the right environment until the other end of
    /// `stopped` is dropped; then finishes those under way.
    pub(super) fn start(
        kit: &Kit,
        bucket: Option<String>,
        guard: Guard,
        stopped: oneshot::Receiver<()>,
    ) -> Self {
        let queue = kit.queue.clone().expect("the settings were asked for it");
        let processor = Processor::new(kit, bucket);
        Self(tokio::spawn(async move {
            let mut stopped = stopped;
            tokio::select! { _ = &mut stopped => return, () = guard.passed() => {} }
            work(queue, processor, async { drop(stopped.await) }).await;
        }))
    }

    /// Waits for the events under way, once it was stopped.
    pub(super) async fn finished(self) {
        if let Err(panic) = self.0.await {
            tracing::error!(error = &panic as &dyn std::error::Error, "the worker ended early");
        }
    }
}

/// Works events until SIGTERM or SIGINT; `/metrics`, `/healthz` and `/readyz` answer at the management address.
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
    let mut told_to_stop = Signals::listen()?;
    let connection = storage::connect(&storage).await.map_err(wrong_or_not)?;
    let (stores, guard) = guarded(with_faults(connection.stores.clone(), faults), expected);
    let lifecycle = Lifecycle::default();
    tokio::select! {
        confirmed = confirm(&guard, &lifecycle) => confirmed?,
        () = told_to_stop.wait() => return Ok(()),
    }
    let listener = TcpListener::bind(config.management_listen).await.with_context(|| {
        format!("ROSTER_MANAGEMENT_LISTEN: cannot listen at {}", config.management_listen)
    })?;
    let address = listener.local_addr()?;
    let queue = connection.tools.queue.clone();
    let parts = Parts {
        stores,
        queue: queue.clone(),
        links: Links::new("", ""),
        auth: Auth::off(),
        cors: Cors::default(),
        lifecycle: lifecycle.clone(),
        max_upload_bytes: config.max_upload_bytes,
        image_memory_bytes: config.image_memory_bytes,
        cache_bytes: 0,
        default_image_hosts: Vec::new(),
        initials: false,
        demo: false,
        telemetry: telemetry.clone(),
    };
    let (kit, _) = kit(parts, web::memory::limit_bytes());
    let health = Health::new(lifecycle.clone(), kit.stores.health.clone(), queue.clone());
    let router =
        Router::new().merge(management::routes(telemetry.clone(), queue)).merge(health::routes(health));
    let (end, ended) = oneshot::channel::<()>();
    let managing = tokio::spawn(web::serve_management(router, listener, async { drop(ended.await) }));
    tracing::info!(management = %address, storage = config.storage, "working");

    let (stop, stopped) = oneshot::channel::<()>();
    let working = Working::start(&kit, config.avatars_bucket, guard.clone(), stopped);
    let mut wrong = None;
    tokio::select! {
        () = told_to_stop.wait() => {}
        why = guard.wrong() => wrong = Some(why),
    }
    tracing::info!("draining");
    lifecycle.draining();
    drop(stop);
    working.finished().await;
    connection.close().await;
    telemetry.stop().await;
    drop(end);
    managing.await?;
    tracing::info!("stopped");
    wrong.map_or(Ok(()), |why| Err(why.into()))
}

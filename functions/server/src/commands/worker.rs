//! `roster worker`, and the worker inside `roster serve`.

use anyhow::Context as _;
use axum::Router;
use boot::{Opened, Plan};
use process_avatar::{Processor, process_events};
use runtime::{Config, Services, Telemetry};
use storage::Guard;
use tokio::{net::TcpListener, sync::oneshot};
use web::{
    Callers,
    health::{self, Health},
    management,
};

use super::{confirm::confirm, critical_task::CriticalTask, signals::Signals};

/// A worker inside this process: processes the events of the queue once the store's environment is
/// verified, until the sender of `stopped` is dropped; then finishes the events in flight.
pub(super) fn spawn_worker(
    services: &Services,
    guard: Guard,
    stopped: oneshot::Receiver<()>,
) -> CriticalTask {
    let queue = services.queue.clone().expect("the settings require a queue");
    let processor = Processor::new(services);
    CriticalTask::spawn("the worker", async move {
        let mut stopped = stopped;
        tokio::select! { _ = &mut stopped => return, () = guard.passed() => {} }
        process_events(queue, processor, async { drop(stopped.await) }).await;
    })
}

/// Processes events until SIGTERM or SIGINT; `/metrics`, `/healthz` and `/readyz` answer at the management
/// address.
///
/// # Errors
/// As for [`serve`](super::serve::serve).
pub async fn worker(config: Config, plan: Plan, telemetry: Telemetry) -> anyhow::Result<()> {
    let mut signals = Signals::listen()?;
    let Opened { services, guard, connection } = tokio::select! {
        opened = plan.open(&config, telemetry.clone()) => opened?,
        () = signals.wait() => return Ok(()),
    };
    let lifecycle = services.lifecycle.clone();
    tokio::select! {
        confirmed = confirm(&guard, &lifecycle) => confirmed?,
        () = signals.wait() => return Ok(()),
    }
    let listener = TcpListener::bind(config.management_listen).await.with_context(|| {
        format!("ROSTER_MANAGEMENT_LISTEN: cannot listen on {}", config.management_listen)
    })?;
    let address = listener.local_addr()?;
    let queue = services.queue.clone();
    let health = Health::new(lifecycle.clone(), services.stores.health.clone(), queue.clone());
    let router =
        Router::new().merge(management::routes(telemetry.clone(), queue)).merge(health::routes(health));
    let router = Callers::of_management(&config).around(router);
    let (end, ended) = oneshot::channel::<()>();
    let management_task = web::serve_management(router, listener, async { drop(ended.await) });
    let mut management_task = CriticalTask::spawn("the management listener", management_task);
    tracing::info!(management = %address, storage = %config.storage, "worker started");

    let (stop, stopped) = oneshot::channel::<()>();
    let mut worker_task = spawn_worker(&services, guard.clone(), stopped);
    let why: Option<anyhow::Error> = tokio::select! {
        () = signals.wait() => None,
        why = guard.wrong() => Some(why.into()),
        why = worker_task.died() => Some(why),
        why = management_task.died() => Some(why),
    };
    tracing::info!("draining");
    lifecycle.draining();
    drop(stop);
    worker_task.finished().await;
    connection.close().await;
    telemetry.stop().await;
    drop(end);
    management_task.finished().await;
    tracing::info!("stopped");
    why.map_or(Ok(()), Err)
}

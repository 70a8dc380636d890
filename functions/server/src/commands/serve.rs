//! `roster serve`.

use std::{io::Write as _, net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use boot::{OpenError, Opened, Plan};
use runtime::{Config, MemoryPlan, Telemetry};
use tokio::{net::TcpListener, sync::oneshot};
use web::{Access, App, Auth, Callers, management};

use super::{confirm::confirm, critical_task::CriticalTask, signals::Signals, worker::spawn_worker};
use crate::{
    app::routes,
    cache::{BanningUsers, Bans, CacheAddress},
    cli::WithWorker,
};

/// File descriptors that are not for client connections: the store, the listeners, the AWS clients, the log.
const RESERVED_FILES: usize = 128;

/// Serves until SIGTERM or SIGINT, then drains.
///
/// # Errors
/// If the store cannot be opened or an address cannot be bound;
/// [`WrongEnvironment`](domain::environment::WrongEnvironment) if the store is not of the `expected`
/// environment.
pub async fn serve(
    config: Config,
    plan: Plan,
    telemetry: Telemetry,
    with_worker: WithWorker,
) -> anyhow::Result<()> {
    let auth = Auth::new(&config.auth).map_err(OpenError::from)?;
    // Before anything that takes time: as PID 1 of a container this process gets no signal without a handler.
    let mut signals = Signals::listen()?;
    let Opened { mut services, guard, connection } = tokio::select! {
        opened = plan.open(&config, telemetry.clone()) => opened?,
        () = signals.wait() => return Ok(()),
    };
    let lifecycle = services.lifecycle.clone();
    tokio::select! {
        confirmed = confirm(&guard, &lifecycle) => confirmed?,
        () = signals.wait() => {
            connection.close().await;
            return Ok(());
        }
    }
    let listener = web::serve::listen(config.listen)
        .with_context(|| format!("ROSTER_LISTEN: cannot listen on {}", config.listen))?;
    let management = TcpListener::bind(config.management_listen).await.with_context(|| {
        format!("ROSTER_MANAGEMENT_LISTEN: cannot listen on {}", config.management_listen)
    })?;
    let (address, management_address) = (listener.local_addr()?, management.local_addr()?);
    let public_url = config.public_url.clone().unwrap_or_else(|| url_of(address));
    let works = match with_worker {
        WithWorker::WhereAlone => !config.is_shared(),
        WithWorker::Yes => true,
        WithWorker::No => false,
    };
    let limit_bytes = runtime::memory::limit_bytes();
    if MemoryPlan::is_tight(limit_bytes, config.image_memory_bytes, config.cache_bytes) {
        tracing::warn!(
            limit_bytes,
            "memory limit is below ROSTER_IMAGE_MEMORY + ROSTER_CACHE_BYTES + 96 MiB; raise it or lower them"
        );
    }
    let memory =
        MemoryPlan::new(limit_bytes, config.image_memory_bytes, config.cache_bytes, config.max_upload_bytes);
    let (forget, forgotten) = oneshot::channel::<()>();
    let mut ban_task = config.cache_ban_url.as_deref().map(|url| {
        let (bans, sender) = Bans::new(CacheAddress::new(url), telemetry.clone());
        services.stores.users = Arc::new(BanningUsers::new(services.stores.users.clone(), bans));
        CriticalTask::spawn("the sender of bans", sender.run(forgotten))
    });
    let access = Access { auth, callers: Callers::of_api(&config) };
    let config = Arc::new(config);
    let app = App::new(config.clone(), services.clone(), access, &memory, &public_url);
    // The store and the management address need file descriptors as well.
    let files = web::serve::raise_file_limit().saturating_sub(RESERVED_FILES).max(1);
    let max_connections = memory.connections.min(files);
    let router = routes(&app);
    let (stop, stopped) = oneshot::channel::<()>();
    let mut worker_task = works.then(|| spawn_worker(&services, guard.clone(), stopped));
    // Metrics are served until the end, so that the drain is visible too.
    let (end, ended) = oneshot::channel::<()>();
    let ended = async { drop(ended.await) };
    let metrics = management::routes(telemetry.clone(), services.queue.clone());
    let metrics = Callers::of_management(&config).around(metrics);
    let mut management_task =
        CriticalTask::spawn("the management listener", web::serve_management(metrics, management, ended));

    let mut why: Option<anyhow::Error> = None;
    let shutdown = async {
        let (worker_died, bans_died) = (died(&mut worker_task), died(&mut ban_task));
        why = tokio::select! {
            () = signals.wait() => None,
            why = guard.wrong() => Some(why.into()),
            () = connection.died() => Some(anyhow::anyhow!("the store's writer stopped unexpectedly")),
            why = worker_died => Some(why),
            why = bans_died => Some(why),
            why = management_task.died() => Some(why),
        };
        tracing::info!("draining");
        // The worker finishes its events while requests finish.
        drop(stop);
    };
    tracing::info!(worker = works, %address, management = %management_address, public_url, storage = %config.storage, max_connections, "listening");
    greet(&url_of(address), &public_url, management_address, connection.created);
    let cut = web::serve(router, listener, max_connections, lifecycle, config.drain, shutdown).await;
    if cut > 0 {
        tracing::warn!(connections = cut, "closed connections that did not finish in time");
    }
    if let Some(worker_task) = worker_task {
        worker_task.finished().await;
    }
    drop(forget);
    if let Some(ban_task) = ban_task {
        ban_task.finished().await;
    }
    connection.close().await;
    telemetry.stop().await;
    drop(end);
    management_task.finished().await;
    tracing::info!("stopped");
    why.map_or(Ok(()), Err)
}

/// Waits until a task ends that must not, if there is one.
async fn died(task: &mut Option<CriticalTask>) -> anyhow::Error {
    match task {
        Some(task) => task.died().await,
        None => std::future::pending().await,
    }
}

fn url_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// Prints where it listens and, on the first run, what to try: in one write, so that a reader gets all of it.
fn greet(local: &str, url: &str, management: SocketAddr, first_run: bool) {
    let listening =
        format!("Roster listens at {local} (API docs: {url}/docs, metrics: http://{management}/metrics)\n");
    let to_try = format!(
        "Try:\n  \
         curl -F name='Ada Lovelace' -F email=ada@example.org -F avatar=@samples/portrait.jpg {url}/user\n  \
         curl {url}/users\n"
    );
    let text = if first_run { listening + &to_try } else { listening };
    // Fails only if stdout is closed, which is no reason not to serve.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

//! `roster serve`.

use std::{io::Write as _, net::SocketAddr};

use anyhow::Context as _;
use storage::{Config as Storage, faults::Faults, with_faults};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::oneshot,
};
use web::{
    Lifecycle, Links, Telemetry,
    config::{Config, ConfigError},
    telemetry::management,
};

use crate::app::{Parts, app};

/// Where to keep users, with the faults to inject.
///
/// # Errors
/// What `storage` does not understand of the settings.
pub fn storage(config: &Config) -> Result<(Storage, Faults), ConfigError> {
    let faults = Faults::parse(config.faults.as_deref().unwrap_or_default()).map_err(ConfigError::faults)?;
    let mut storage = Storage::parse(&config.storage).map_err(ConfigError::storage)?;
    let Storage::Sqlite(options) = &mut storage;
    options.faults = faults.clone();
    Ok((storage, faults))
}

/// Serves until SIGTERM or SIGINT, and leaves nothing behind that was begun.
///
/// # Errors
/// Where the store or an address cannot be had.
pub async fn serve(
    config: Config,
    storage: Storage,
    faults: Faults,
    telemetry: Telemetry,
) -> anyhow::Result<()> {
    let connection = storage::connect(&storage).await?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen at {}", config.listen))?;
    let address = listener.local_addr()?;
    let management = TcpListener::bind(config.management_listen).await.with_context(|| {
        format!("ROSTER_MANAGEMENT_LISTEN: cannot listen at {}", config.management_listen)
    })?;
    let management_address = management.local_addr()?;
    let public_url = config.public_url.unwrap_or_else(|| url_of(address));
    let lifecycle = Lifecycle::default();
    let router = app(Parts {
        stores: with_faults(connection.stores.clone(), faults),
        links: Links::new(&public_url, config.avatar_base_url.as_deref().unwrap_or(&public_url)),
        lifecycle: lifecycle.clone(),
        max_upload_bytes: config.max_upload_bytes,
        image_memory_bytes: config.image_memory_bytes,
        demo: config.demo,
        telemetry: telemetry.clone(),
    });
    // Metrics are there until the end: what a drain does is seen as well.
    let (end, ended) = oneshot::channel::<()>();
    let ended = async { drop(ended.await) };
    let managing =
        tokio::spawn(web::serve_management(management::routes(telemetry.clone()), management, ended));

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let shutdown = async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        tracing::info!("draining");
    };
    tracing::info!(%address, management = %management_address, public_url, storage = config.storage, "listening");
    greet(&public_url, management_address, connection.created);
    let cut = web::serve(router, listener, lifecycle, config.drain, shutdown).await;
    if cut > 0 {
        tracing::warn!(connections = cut, "connections were cut");
    }
    connection.close().await;
    telemetry.stop().await;
    drop(end);
    managing.await?;
    tracing::info!("stopped");
    Ok(())
}

fn url_of(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// Says where it listens and, on the first run, what to try: in one write, so that a reader gets all of it.
fn greet(url: &str, management: SocketAddr, first_run: bool) {
    let listening =
        format!("Roster listens at {url} (documents: {url}/docs, metrics: http://{management}/metrics)\n");
    let to_try = format!(
        "Try:\n  \
         curl -F name='Ada Lovelace' -F email=ada@example.org -F avatar=@samples/portrait.jpg {url}/user\n  \
         curl {url}/users\n"
    );
    let text = if first_run { listening + &to_try } else { listening };
    // Fails only where nobody reads it, which is no reason not to serve.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

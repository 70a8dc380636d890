//! Connections of the container and the desktop, from accept to drain.

mod connection;
mod progress;

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::timeout,
};

use crate::Lifecycle;

/// The most connections at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 10_000;
/// The most connections of the operator at once: some scrapers, and nobody who holds the process up.
const MAX_MANAGEMENT_CONNECTIONS: usize = 32;
/// How long requests under way may take once the listener is closed.
const FINISH_WITHIN: Duration = Duration::from_secs(25);
/// How long to wait after the system refused a connection, such as for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Accepts connections for `router` until `shutdown`, then drains: not ready and `Connection: close` at once, the listener open for
/// `drain` longer, then at most 25 s for what is under way.
///
/// Returns how many connections were cut.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    lifecycle: Lifecycle,
    drain: Duration,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (closing, closed) = watch::channel(());
    {
        let accepting = accept_all(&listener, &router, &permits, &closed);
        tokio::pin!(accepting);
        tokio::select! {
            () = &mut accepting => {},
            () = shutdown => lifecycle.draining(),
        }
        // Elapses: accepting never ends.
        let _ = timeout(drain, accepting).await;
    }
    drop(listener);
    drop(closing);
    let all = u32::try_from(MAX_CONNECTIONS).expect("fits");
    match timeout(FINISH_WITHIN, permits.acquire_many(all)).await {
        Ok(_) => 0,
        Err(_) => MAX_CONNECTIONS - permits.available_permits(),
    }
}

/// Serves `router` to the operator until `shutdown`, whatever phase the process is in; then cuts what is under way.
pub async fn serve_management(router: Router, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let permits = Arc::new(Semaphore::new(MAX_MANAGEMENT_CONNECTIONS));
    let (closing, closed) = watch::channel(());
    tokio::select! {
        () = accept_all(&listener, &router, &permits, &closed) => {},
        () = shutdown => {},
    }
    drop((listener, closing));
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    permits: &Arc<Semaphore>,
    closing: &watch::Receiver<()>,
) {
    loop {
        let permit = permits.clone().acquire_owned().await.expect("never closed");
        let stream = accept(listener).await;
        let serving = connection::serve(stream, router.clone(), closing.clone());
        tokio::spawn(async move {
            serving.await;
            drop(permit);
        });
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

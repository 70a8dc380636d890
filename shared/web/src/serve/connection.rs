//! One connection.

use std::{pin::Pin, time::Duration};

use axum::{Router, body::Body};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::timeout,
};
use tower::ServiceExt as _;

use super::{
    clients::{Client, Evicted},
    progress::Progress,
    request_body::RequestBody,
};

/// How long a client may take for the head of a request; also how long a connection may be idle. The HTTP cache keeps
/// its own to the API for less (`backend_idle_timeout` in helm/roster/files/cache/parameters).
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// How long, and how many bytes, are discarded after an early response, so that the client can read it: closing a
/// socket with unread data resets it.
const LINGER: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 2 * domain::Image::MAX_BYTES;
/// The most that a connection buffers: the head of a request, or a piece of a body.
pub const MAX_BUFFER_BYTES: usize = 32 * 1024;

/// Serves requests until the client or `closing` ends the connection, or another one takes its slot.
pub(super) async fn serve(
    stream: TcpStream,
    router: Router,
    client: &Client,
    mut closing: watch::Receiver<()>,
) {
    // Fails only for a closed socket, which serving detects as well.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let (router, client) = (router.clone(), client.clone());
        Box::pin(async move {
            client.mark_answering()?;
            let request = request.map(|body| Body::new(RequestBody::new(body, client.clone())));
            let Ok(response) = router.oneshot(request).await;
            client.mark_answered();
            Ok::<_, Evicted>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        // A client that has closed its sending side still expects a response.
        .half_close(true)
        .max_buf_size(MAX_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Progress::new(stream, client.clone())), service);
    let mut is_closing = false;
    let result = loop {
        let ended = tokio::select! {
            result = std::future::poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(result),
            _ = closing.changed(), if !is_closing => None,
            () = client.evicted() => return,
        };
        if let Some(result) = ended {
            break result;
        }
        is_closing = true;
        Pin::new(&mut connection).graceful_shutdown();
    };
    if let Err(error) = result {
        tracing::debug!(error = &error as &dyn std::error::Error, "connection ended early");
    }
    let stream = connection.into_parts().io.into_inner();
    if !is_closing {
        tokio::select! {
            _ = timeout(LINGER, linger(stream)) => {}
            () = client.evicted() => {}
        }
    }
}

async fn linger(mut stream: Progress<TcpStream>) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut thrown_away = vec![0; 16 * 1024];
    let mut left = LINGER_BYTES;
    while let Ok(count) = stream.read(&mut thrown_away).await {
        left = left.saturating_sub(count);
        if count == 0 || left == 0 {
            return;
        }
    }
}

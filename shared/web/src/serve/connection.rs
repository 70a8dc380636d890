//! One connection.

use std::{
    pin::{Pin, pin},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, header},
};
use http_body::Body as _;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tower::ServiceExt as _;

use super::{
    clients::{Client, Evicted},
    progress::Progress,
    request_body::RequestBody,
    unread::Unread,
};
use crate::host::OverConnection;

/// How long a connection may be idle. Longer than the 60 s of an ALB and of ingress-nginx, which else would send a request
/// on a connection that is being closed, and answer 502. The HTTP cache keeps its own to the API for less
/// (`backend_idle_timeout` in helm/roster/files/cache/parameters).
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// What is discarded after an early response: closing a socket with unread data resets it, and most clients read a
/// response only after they have sent their whole request.
const LINGER_BYTES: usize = 2 * domain::Image::MAX_BYTES;
/// The minimum speed of what is discarded, in bytes per second.
const LINGER_BYTES_PER_SECOND: u64 = 100_000;
/// How long it may stall, or fall behind the minimum speed.
const LINGER_GRACE: Duration = Duration::from_secs(5);
/// How long this lasts at the end of the process.
const LINGER_AT_END: Duration = Duration::from_secs(2);
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
    let is_still_sending = AtomicBool::new(false);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        let (router, client, is_still_sending) = (router.clone(), client.clone(), &is_still_sending);
        Box::pin(async move {
            client.mark_answering()?;
            request.extensions_mut().insert(OverConnection);
            if request.body().is_end_stream() {
                let Ok(response) = router.oneshot(request.map(|_| Body::empty())).await;
                client.mark_answered();
                return Ok::<_, Evicted>(response);
            }
            // A client that waits for `100 Continue` is not asked for its body any more.
            let may_begin = !request.headers().contains_key(header::EXPECT);
            let unread = Unread::new();
            let request =
                request.map(|body| Body::new(RequestBody::new(body, client.clone(), unread.clone())));
            let Ok(mut response) = router.oneshot(request).await;
            // Still with its slot: it has an answer to come.
            let has_ended = unread.has_ended(may_begin).await;
            client.mark_answered();
            if !has_ended {
                // Said, so that the client does not send its next request here (RFC 9112, 9.6).
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
                is_still_sending.store(true, Ordering::Relaxed);
            }
            Ok(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIMEOUT)
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
    if is_closing && !is_still_sending.into_inner() {
        return;
    }
    let mut lingering = pin!(linger(stream));
    tokio::select! {
        () = &mut lingering => {}
        () = client.evicted() => {}
        // At once if the sender is gone.
        _ = closing.changed() => {
            let _ = timeout(LINGER_AT_END, lingering).await;
        }
    }
}

/// Discards what the client still sends, until it has read the response and closes.
async fn linger(mut stream: Progress<TcpStream>) {
    stream.expect_no_heads();
    if stream.shutdown().await.is_err() {
        return;
    }
    let began = Instant::now();
    let mut discarded = vec![0; 16 * 1024];
    let mut bytes = 0;
    while bytes < LINGER_BYTES {
        let earned = Duration::from_millis(bytes as u64 * 1000 / LINGER_BYTES_PER_SECOND);
        let deadline = Instant::now().min(began + earned) + LINGER_GRACE;
        match timeout_at(deadline, stream.read(&mut discarded)).await {
            Ok(Ok(count)) if count > 0 => bytes += count,
            _ => return,
        }
    }
}

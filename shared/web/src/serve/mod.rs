//! Connections of the container and the desktop, from accept to drain.

mod clients;
mod connection;
#[cfg(test)]
mod early_answers;
mod files;
mod progress;
mod request_body;
mod unread;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::watch,
    time::timeout,
};

use clients::Clients;
use runtime::Lifecycle;

pub use connection::MAX_BUFFER_BYTES;
pub use files::raise_file_limit;

/// Maximum concurrent management connections.
const MAX_MANAGEMENT_CONNECTIONS: usize = 32;
/// Connections that the system queues until they are accepted, Linux's default maximum. A client beyond it retries after 1 s.
const BACKLOG: u32 = 4096;
/// How long requests in flight may take once the listener is closed.
const FINISH_TIMEOUT: Duration = Duration::from_secs(25);
/// How long to wait after a failed accept, such as without free file descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Listens at `address`.
///
/// # Errors
/// The system's, such as for an address in use.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Accepts connections for `router`, at most `max_connections` at once, until `shutdown`, then drains: not ready and
/// `Connection: close` at once, the listener open for `drain` longer, then at most 25 s for requests in flight.
///
/// Returns the number of connections that were cut.
pub async fn serve(
    router: Router,
    listener: TcpListener,
    max_connections: usize,
    lifecycle: Lifecycle,
    drain: Duration,
    shutdown: impl Future<Output = ()>,
) -> usize {
    let clients = Clients::new(max_connections);
    let (closing, closed) = watch::channel(());
    {
        let accepting = accept_all(&listener, &router, &clients, &closed);
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
    let _ = timeout(FINISH_TIMEOUT, clients.all_closed()).await;
    clients.len()
}

/// Serves `router` on the management address until `shutdown`, in every phase of the process; then cuts requests in flight.
pub async fn serve_management(router: Router, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let clients = Clients::new(MAX_MANAGEMENT_CONNECTIONS);
    let (closing, closed) = watch::channel(());
    tokio::select! {
        () = accept_all(&listener, &router, &clients, &closed) => {},
        () = shutdown => {},
    }
    drop((listener, closing));
}

async fn accept_all(
    listener: &TcpListener,
    router: &Router,
    clients: &Arc<Clients>,
    closing: &watch::Receiver<()>,
) {
    loop {
        let stream = accept(listener).await;
        let slot = clients.enter().await;
        let (router, closing) = (router.clone(), closing.clone());
        tokio::spawn(async move { connection::serve(stream, router, &slot.client, closing).await });
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "could not accept connections; retrying"
                );
                tokio::time::sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset)
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, Bytes},
        routing::{any, get},
    };
    use futures_util::{
        StreamExt as _,
        stream::{FuturesUnordered, repeat_with},
    };
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::{Notify, oneshot},
        time::Instant,
    };

    use super::{connection::IDLE_TIMEOUT, progress::HEAD_TIMEOUT, *};

    const MAX_CONNECTIONS: usize = 4;
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const HALF_SENT: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf";
    const HEAD_CUT: &[u8] = b"GET / HTTP/1.1\r\nHo";

    async fn sent(listener: &std::net::SocketAddr, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(listener).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    async fn is_answered(stream: &mut TcpStream) -> bool {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.is_ok() && &answer == b"HTTP/1.1 200"
    }

    /// Waits until the server closes it, or resets it where it had more to read.
    async fn closed(mut stream: TcpStream) {
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }

    #[tokio::test]
    async fn at_the_limit_a_new_client_is_served_whatever_the_others_wait_for() {
        for waiting in [REQUEST, HALF_SENT, HEAD_CUT, b""] {
            let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = listener.local_addr().unwrap();
            let router = Router::new().route("/", any(|_: Bytes| async { "ok" }));
            let (stop, stopped) = oneshot::channel::<()>();
            let stopped = async { drop(stopped.await) };
            let serving = tokio::spawn(serve(
                router,
                listener,
                MAX_CONNECTIONS,
                Lifecycle::default(),
                Duration::ZERO,
                stopped,
            ));
            let mut held = Vec::new();
            for _ in 0..5 * MAX_CONNECTIONS {
                held.push(sent(&address, waiting).await);
            }
            let mut new = sent(&address, REQUEST).await;
            assert!(is_answered(&mut new).await, "{}", String::from_utf8_lossy(waiting));
            let evicted: FuturesUnordered<_> = held.into_iter().map(closed).collect();
            let evicted = evicted.take(4 * MAX_CONNECTIONS).count();
            // Sooner than an idle connection would be closed by itself.
            assert!(timeout(HEAD_TIMEOUT / 2, evicted).await.is_ok());
            drop((new, stop));
            assert_eq!(serving.await.unwrap(), 0);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_stays_open_longer_than_a_load_balancer_keeps_it_idle() {
        let (address, _stop) = single_slot(Router::new().route("/", any(|_: Bytes| async { "ok" })));
        let mut stream = sent(&address, b"").await;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(65)).await;
            stream.write_all(REQUEST).await.unwrap();
            let mut answer = [0; 2];
            while &answer != b"ok" {
                answer = [answer[1], stream.read_u8().await.unwrap()];
            }
        }
        let began = Instant::now();
        closed(stream).await;
        assert!((IDLE_TIMEOUT..2 * IDLE_TIMEOUT).contains(&began.elapsed()), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_a_head_is_waited_for_for_10_s() {
        let (address, _stop) = single_slot(Router::new().route("/", any(|_: Bytes| async { "ok" })));
        for before in [b"".as_slice(), REQUEST] {
            let mut stream = sent(&address, before).await;
            if !before.is_empty() {
                assert!(is_answered(&mut stream).await);
            }
            stream.write_all(HEAD_CUT).await.unwrap();
            let began = Instant::now();
            closed(stream).await;
            assert!((HEAD_TIMEOUT..2 * HEAD_TIMEOUT).contains(&began.elapsed()), "{:?}", began.elapsed());
        }
    }

    /// A server with a single slot; dropping the sender stops it.
    fn single_slot(router: Router) -> (SocketAddr, oneshot::Sender<()>) {
        let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { drop(stopped.await) };
        tokio::spawn(serve(router, listener, 1, Lifecycle::default(), Duration::ZERO, stopped));
        (address, stop)
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_in_progress_keeps_its_slot_while_its_body_is_incomplete() {
        let (begun, work) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let handler = {
            let (begun, work) = (begun.clone(), work.clone());
            |body: Body| async move {
                drop(body);
                begun.notify_one();
                work.notified().await;
                "ok"
            }
        };
        let (address, _stop) = single_slot(Router::new().route("/", any(handler)));
        let mut working = sent(&address, HALF_SENT).await;
        begun.notified().await;
        let mut new = sent(&address, REQUEST).await;
        // By this clock the new one looks for a slot a hundred times.
        assert!(timeout(Duration::from_secs(1), is_answered(&mut new)).await.is_err());
        work.notify_one();
        assert!(is_answered(&mut working).await);
        work.notify_one();
        assert!(is_answered(&mut new).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_sends_no_body_after_100_continue_is_closed_for_a_new_one() {
        let (address, _stop) = single_slot(Router::new().route("/", any(|_: Bytes| async { "ok" })));
        let mut silent = sent(
            &address,
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n",
        )
        .await;
        let mut interim = [0; 25];
        silent.read_exact(&mut interim).await.unwrap();
        assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
        let mut new = sent(&address, REQUEST).await;
        assert!(timeout(Duration::from_secs(1), is_answered(&mut new)).await.unwrap());
        closed(silent).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_stops_reading_a_long_response_is_closed_for_a_new_one() {
        let endless = || async {
            Body::from_stream(repeat_with(|| Ok::<_, io::Error>(Bytes::from(vec![b'x'; 64 * 1024]))))
        };
        let router = Router::new().route("/", any(|| async { "ok" })).route("/list", get(endless));
        let (address, _stop) = single_slot(router);
        let mut reader = sent(&address, b"GET /list HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(is_answered(&mut reader).await);
        let mut new = sent(&address, REQUEST).await;
        assert!(timeout(Duration::from_secs(1), is_answered(&mut new)).await.unwrap());
        closed(reader).await;
    }
}

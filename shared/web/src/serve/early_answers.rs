//! Responses that are sent before the request was read.

use axum::{Router, body::Body, http::StatusCode, routing::any};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::oneshot,
    task::JoinHandle,
    time::{Instant, sleep},
};

use super::*;

/// A server that refuses every request without reading its body. Dropping the sender stops it.
fn refusing() -> (SocketAddr, oneshot::Sender<()>, JoinHandle<usize>) {
    let refuse = |body: Body| async move {
        drop(body);
        (StatusCode::PAYLOAD_TOO_LARGE, "refused")
    };
    let listener = listen("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let stopped = async { drop(stopped.await) };
    let router = Router::new().route("/", any(refuse));
    let serving = tokio::spawn(serve(router, listener, 8, Lifecycle::default(), Duration::ZERO, stopped));
    (address, stop, serving)
}

/// A connection with a request of which the head has been sent.
async fn begun(address: SocketAddr, length: usize, further: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Else the system holds small pieces back for longer than this clock takes.
    stream.set_nodelay(true).unwrap();
    let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n{further}\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// The response, up to its last word.
async fn answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"refused") {
        read.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(read).unwrap().to_ascii_lowercase()
}

/// For how many seconds a client can send that many bytes each second, at most 60.
async fn seconds_of(mut stream: TcpStream, bytes: usize) -> u64 {
    let began = Instant::now();
    while began.elapsed() < Duration::from_mins(1) && stream.write_all(&vec![0; bytes]).await.is_ok() {
        sleep(Duration::from_secs(1)).await;
    }
    began.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_a_megabyte_a_second_can_read_an_early_answer() {
    let (address, _stop, _) = refusing();
    let mut stream = begun(address, 12_000_000, "").await;
    for _ in 0..12 {
        sleep(Duration::from_secs(1)).await;
        stream.write_all(&vec![0; 1_000_000]).await.unwrap();
    }
    let answer = answer(&mut stream).await;
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn what_arrives_slower_than_the_minimum_is_not_waited_for() {
    let (address, _stop, _) = refusing();
    let slow = seconds_of(begun(address, 1 << 30, "").await, 50_000).await;
    assert!((8..14).contains(&slow), "half of the minimum: {slow} s");
    let stalled = seconds_of(begun(address, 1 << 30, "").await, 1).await;
    assert!((5..9).contains(&stalled), "almost nothing: {stalled} s");
}

#[tokio::test(start_paused = true)]
async fn no_more_than_two_of_the_largest_images_are_discarded() {
    let (address, _stop, _) = refusing();
    let seconds = seconds_of(begun(address, 1 << 30, "").await, 8 << 20).await;
    // What the system buffers counts as sent.
    assert!((8..12).contains(&seconds), "64 MiB at 8 MiB/s: {seconds} s");
}

#[tokio::test]
async fn a_small_body_that_was_not_read_leaves_the_connection_open() {
    let (address, _stop, _) = refusing();
    let mut stream = begun(address, 4, "").await;
    stream.write_all(b"body").await.unwrap();
    for _ in 0..2 {
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("http/1.1 413") && !answer.contains("connection:"), "{answer}");
        let chunked =
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
        stream.write_all(chunked).await.unwrap();
    }
}

#[tokio::test]
async fn a_client_that_expects_to_be_asked_for_its_body_is_not() {
    let (address, _stop, _) = refusing();
    let answer = answer(&mut begun(address, 4, "Expect: 100-continue\r\n").await).await;
    assert!(answer.starts_with("http/1.1 413"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_still_sends_holds_the_end_of_the_process_up_only_shortly() {
    let (address, stop, serving) = refusing();
    let mut stream = begun(address, 1 << 30, "").await;
    answer(&mut stream).await;
    let sending = tokio::spawn(seconds_of(stream, 1_000_000));
    sleep(Duration::from_secs(10)).await;
    drop(stop);
    let began = Instant::now();
    assert_eq!(serving.await.unwrap(), 0, "connections that were cut");
    assert!(began.elapsed() <= Duration::from_secs(3), "{:?}", began.elapsed());
    assert!(sending.await.unwrap() < 60);
}

//! `roster health`: whether a running Roster is ready, for a container's health check.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns the body of `/readyz` from the Roster that listens at `listen`, or from a worker, which has no API
/// and answers at `management`.
///
/// # Errors
/// If it does not answer within 5 s or is not ready.
pub async fn health(listen: SocketAddr, management: SocketAddr) -> anyhow::Result<String> {
    let request = async {
        match connect(reachable(listen)).await {
            Ok(stream) => get_readiness(stream, reachable(listen)).await,
            Err(no_api) => match connect(reachable(management)).await {
                Ok(stream) => get_readiness(stream, reachable(management)).await,
                Err(_) => Err(no_api),
            },
        }
    };
    let late = || format!("no response from {listen} or {management} within 5 s");
    timeout(ANSWER_TIMEOUT, request).await.with_context(late)?
}

async fn connect(address: SocketAddr) -> anyhow::Result<TcpStream> {
    TcpStream::connect(address).await.with_context(|| format!("cannot connect to {address}"))
}

async fn get_readiness(stream: TcpStream, address: SocketAddr) -> anyhow::Result<String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/readyz").header(HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        anyhow::Ok((status, String::from_utf8_lossy(&body).into_owned()))
    };
    let (status, body) = tokio::select! {
        answer = exchange => answer?,
        ended = connection => { ended?; anyhow::bail!("{address} closed the connection") }
    };
    ensure!(status.is_success(), "not ready: {body}");
    Ok(body)
}

/// Loopback in place of an unspecified address.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback =
            if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}

//! One ban, to every address of the cache.

use std::{
    collections::BTreeSet,
    io::{Error, ErrorKind},
    net::SocketAddr,
    pin::pin,
    time::Duration,
};

use anyhow::{Context as _, ensure};
use axum::http::Uri;
use bytes::Bytes;
use futures_util::future::join_all;
use http_body_util::Empty;
use hyper::{Request, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};

use super::keys::SURROGATE_KEY;

/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Where the cache takes bans. A name may have several addresses, one for each pod of the cache.
#[derive(Clone, Debug)]
pub struct CacheAddress {
    authority: String,
    path: String,
}

impl CacheAddress {
    /// Of a URL that the settings have checked.
    pub fn new(url: &str) -> Self {
        let uri: Uri = url.parse().expect("checked by the settings");
        let authority = uri.authority().map_or_else(String::new, ToString::to_string);
        Self { authority, path: uri.path().to_owned() }
    }

    /// Bans these keys at every address.
    ///
    /// # Errors
    /// If one of them has not confirmed it within a second.
    pub(super) async fn ban(&self, keys: &str) -> anyhow::Result<()> {
        timeout(TIMEOUT, async {
            let addresses = self.resolve().await?;
            self.ban_at(&addresses, keys).await
        })
        .await
        .context("no answer within 1 s")?
    }

    async fn resolve(&self) -> anyhow::Result<BTreeSet<SocketAddr>> {
        let has_port = self.authority.rsplit(':').next().is_some_and(|port| port.parse::<u16>().is_ok());
        let host = if has_port { self.authority.clone() } else { format!("{}:80", self.authority) };
        let addresses = lookup_host(&host).await.with_context(|| format!("cannot resolve {host}"))?;
        Ok(addresses.collect())
    }

    async fn ban_at(&self, addresses: &BTreeSet<SocketAddr>, keys: &str) -> anyhow::Result<()> {
        let posts = addresses.iter().map(|address| async move {
            self.post(*address, keys).await.with_context(|| address.to_string())
        });
        // To all of them, also after one has failed.
        let answers = join_all(posts).await;
        let is_there = answers.iter().any(Result::is_ok);
        // Beside another, a pod that refuses connections begins or ends, and keeps nothing.
        answers.into_iter().filter(|answer| !(is_there && was_refused(answer))).collect()
    }

    async fn post(&self, address: SocketAddr, keys: &str) -> anyhow::Result<()> {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let request = Request::post(&self.path)
            .header(HOST, &self.authority)
            .header(SURROGATE_KEY, keys)
            .body(Empty::<Bytes>::new())?;
        let mut answer = pin!(sender.send_request(request));
        let status = tokio::select! {
            answer = &mut answer => answer?.status(),
            // A cache that closes it may have answered.
            ended = connection => { ended?; answer.await?.status() }
        };
        ensure!(status.is_success(), "the cache answered {status}");
        Ok(())
    }
}

fn was_refused(answer: &anyhow::Result<()>) -> bool {
    let error = answer.as_ref().err().and_then(|error| error.downcast_ref::<Error>());
    error.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Answers one request with this status, and returns it.
    async fn answer(listener: TcpListener, status: &'static str) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 1024];
        let length = stream.read(&mut request).await.unwrap();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    }

    async fn listener() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        (listener, address)
    }

    #[tokio::test]
    async fn every_address_gets_the_keys_and_must_confirm_them() {
        for (status, confirmed) in [("204 No Content", true), ("500 Internal Server Error", false)] {
            let ((one, first), (two, second)) = (listener().await, listener().await);
            let (one, two) = (tokio::spawn(answer(one, "204 No Content")), tokio::spawn(answer(two, status)));
            let cache = CacheAddress::new("http://cache.example.org:8082/bans");
            let banned = cache.ban_at(&BTreeSet::from([first, second]), "users ab").await;
            assert_eq!(banned.is_ok(), confirmed, "{status}");
            for request in [one.await.unwrap(), two.await.unwrap()] {
                assert!(request.starts_with("POST /bans HTTP/1.1\r\n"), "{request}");
                assert!(request.contains("\r\nsurrogate-key: users ab\r\n"), "{request}");
                assert!(request.contains("\r\nhost: cache.example.org:8082\r\n"), "{request}");
            }
        }
    }

    #[tokio::test]
    async fn an_address_where_no_cache_listens_is_an_error_unless_another_confirms() {
        let (closed, address) = listener().await;
        drop(closed);
        let cache = CacheAddress::new(&format!("http://{address}"));
        assert!(cache.ban("users").await.is_err());
        let (other, other_address) = listener().await;
        let other = tokio::spawn(answer(other, "204 No Content"));
        assert!(cache.ban_at(&BTreeSet::from([address, other_address]), "users").await.is_ok());
        assert!(other.await.unwrap().starts_with("POST / "));
    }
}

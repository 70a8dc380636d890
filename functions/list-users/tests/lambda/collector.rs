//! A span collector on loopback, which a test can hold back.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, routing::post};
use bytes::Bytes;
use tokio::{net::TcpListener, sync::watch};

#[derive(Clone)]
struct Shared {
    taken: Arc<Mutex<Vec<u8>>>,
    held: watch::Receiver<bool>,
}

/// It ends with the test's runtime.
pub struct Collector {
    address: SocketAddr,
    taken: Arc<Mutex<Vec<u8>>>,
    held: watch::Sender<bool>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (taken, (held, seen)) = (Arc::default(), watch::channel(false));
        let shared = Shared { taken: Arc::clone(&taken), held: seen };
        let router = Router::new().route("/v1/traces", post(take)).with_state(shared);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, taken, held }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Whether it accepts connections and answers none.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Whether it received these bytes.
    pub fn has(&self, bytes: &[u8]) -> bool {
        self.taken.lock().unwrap().windows(bytes.len()).any(|window| window == bytes)
    }
}

async fn take(State(mut shared): State<Shared>, body: Bytes) {
    shared.held.wait_for(|held| !held).await.unwrap();
    shared.taken.lock().unwrap().extend(body);
}

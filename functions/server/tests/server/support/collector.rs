//! A span collector on loopback.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use bytes::Bytes;
use opentelemetry_proto::tonic::{collector::trace::v1::ExportTraceServiceRequest, trace::v1::Span};
use prost::Message as _;
use tokio::runtime::Runtime;

#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<(HeaderMap, Bytes)>>>);

pub struct Collector {
    pub address: SocketAddr,
    received: Requests,
    _runtime: Runtime,
}

impl Collector {
    pub fn start() -> Self {
        let runtime = Runtime::new().unwrap();
        let received = Requests::default();
        let router = Router::new().route("/v1/traces", post(receive)).with_state(received.clone());
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            let lifecycle = runtime::Lifecycle::default();
            web::serve(router, listener, 100, lifecycle, Duration::ZERO, std::future::pending()).await
        });
        Self { address, received, _runtime: runtime }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Headers and bodies as received.
    pub fn received(&self) -> Vec<(HeaderMap, Bytes)> {
        self.received.0.lock().unwrap().clone()
    }

    pub fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.received()
            .into_iter()
            .map(|(_, body)| ExportTraceServiceRequest::decode(body).unwrap())
            .collect()
    }

    pub fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

async fn receive(State(received): State<Requests>, headers: HeaderMap, body: Bytes) {
    received.0.lock().unwrap().push((headers, body));
}

//! The exporter's HTTP client.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

use crate::loopback::is_on_this_machine;

/// Sends on the service's runtime: the batches come from a thread without one.
#[derive(Debug)]
pub(super) struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

impl Client {
    /// A client for `endpoint` with this `timeout` that follows no redirect: its headers may hold a key.
    pub(super) fn new(endpoint: &str, timeout: Duration, runtime: Handle) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder().timeout(timeout).redirect(Policy::none());
        // Elsewhere by the proxy that the standard variables name.
        if is_on_this_machine(endpoint) {
            builder = builder.no_proxy();
        }
        if endpoint.starts_with("http://") {
            // Plain HTTP does not need the system's certificates, which an image may lack.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { client: builder.build()?, runtime })
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        for value in request.headers_mut().values_mut() {
            value.set_sensitive(true);
        }
        let client = self.client.clone();
        self.runtime.spawn(async move { client.send_bytes(request).await }).await?
    }
}

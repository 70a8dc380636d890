//! The client that carries spans.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use reqwest::redirect::Policy;
use tokio::runtime::Handle;

/// Sends on the runtime of the service: the batches come from a thread that has none.
#[derive(Debug)]
pub(super) struct Client {
    client: reqwest::Client,
    runtime: Handle,
}

impl Client {
    /// A client for `endpoint` that gives up after `timeout` and follows no redirect: the headers it sends may hold a key.
    pub(super) fn new(endpoint: &str, timeout: Duration, runtime: Handle) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder().timeout(timeout).redirect(Policy::none()).no_proxy();
        if endpoint.starts_with("http://") {
            // Nothing to check: the certificates of the system are not read, which an image may not even have.
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

//! AWS responses that a test defines, without a network.

use std::{fmt, future::pending, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};

type Answer = dyn Fn(&HttpRequest) -> Option<(u16, &'static str)> + Send + Sync;

/// An HTTP client that answers each request with the returned status and body, and never answers for `None`.
pub fn answering(
    answer: impl Fn(&HttpRequest) -> Option<(u16, &'static str)> + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Answering(Arc::new(answer)))
}

/// The operation of a request: a name such as `GetItem` for the table, the method for the bucket.
pub fn call_of(request: &HttpRequest) -> &str {
    match request.headers().get("x-amz-target") {
        Some(target) => target.rsplit('.').next().unwrap_or_default(),
        None => request.method(),
    }
}

#[derive(Clone)]
struct Answering(Arc<Answer>);

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answering")
    }
}

impl HttpConnector for Answering {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some((status, body)) = (self.0)(&request) else { return HttpConnectorFuture::new(pending()) };
        let status = status.try_into().expect("the test returns a valid status");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, body.into())))
    }
}

impl HttpClient for Answering {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

//! A proxy before an emulator, with the answers of AWS that an emulator never gives.

use std::{
    convert::Infallible,
    fmt,
    future::pending,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_smithy_runtime_api::client::{
    connector_metadata::ConnectorMetadata,
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{DateTime, body::SdkBody, byte_stream::ByteStream, date_time::Format};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::Frame;

use crate::call_of;

/// Bytes of a body that arrive at a time.
const PIECE: usize = 64 << 10;

/// A request to AWS.
pub struct AwsRequest {
    /// As [`call_of`] names it.
    pub call: String,
    /// The whole URI.
    pub uri: String,
    /// Of a JSON or XML request.
    pub body: String,
}

/// What happens to a request.
pub enum Reply {
    /// The emulator answers it.
    Pass,
    /// The emulator answers it, and its body is changed.
    Change(fn(&mut Vec<u8>)),
    /// The emulator answers it, and the connection ends in the middle of the body.
    Cut,
    /// It never arrives; this is the answer.
    Answer(AwsAnswer),
    /// It arrives, and its answer is lost.
    Lose,
    /// It is never answered.
    Silence,
}

/// An answer.
pub struct AwsAnswer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl AwsAnswer {
    /// With this body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An error in the form of `DynamoDB` and SQS.
    pub fn json(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, format!(r#"{{"__type":"com.amazonaws#{code}","message":"{message}"}}"#))
    }

    /// An error in the form of S3.
    pub fn xml(status: u16, code: &str, message: &str) -> Self {
        Self::new(status, format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"))
    }

    /// Dated by a clock that is ahead of this machine's.
    #[must_use]
    pub fn ahead_by(self, time: Duration) -> Self {
        let date = DateTime::from(SystemTime::now() + time).fmt(Format::HttpDate);
        self.header("date", date.expect("the year has four digits"))
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Replies = dyn Fn(&AwsRequest) -> Reply + Send + Sync;

/// An HTTP client that does with each request what `reply` says; `inner` leads to the emulators.
pub fn proxy(
    inner: SharedHttpClient,
    reply: impl Fn(&AwsRequest) -> Reply + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Proxy { inner, reply: Arc::new(reply) })
}

#[derive(Clone)]
struct Proxy {
    inner: SharedHttpClient,
    reply: Arc<Replies>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy")
    }
}

impl HttpClient for Proxy {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, reply: self.clone() })
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.inner.connector_metadata()
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    reply: Proxy,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let summary = AwsRequest {
            call: call_of(&request).to_owned(),
            uri: request.uri().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        };
        match (self.reply.reply)(&summary) {
            Reply::Pass => self.inner.call(request),
            Reply::Silence => HttpConnectorFuture::new(pending()),
            Reply::Answer(answer) => HttpConnectorFuture::ready(Ok(response(answer))),
            Reply::Lose => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    answer.await?;
                    Err(ConnectorError::io("the answer was lost".into()))
                })
            }
            Reply::Change(change) => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let mut response = answer.await?;
                    let mut body = whole_body(&mut response).await;
                    change(&mut body);
                    response.headers_mut().insert("content-length", body.len().to_string());
                    *response.body_mut() = in_pieces(&body);
                    Ok(response)
                })
            }
            Reply::Cut => {
                let answer = self.inner.call(request);
                HttpConnectorFuture::new(async move {
                    let mut response = answer.await?;
                    let mut body = whole_body(&mut response).await;
                    body.truncate(body.len() / 2);
                    *response.body_mut() = in_pieces(&body);
                    Ok(response)
                })
            }
        }
    }
}

async fn whole_body(response: &mut HttpResponse) -> Vec<u8> {
    let body = ByteStream::new(response.take_body()).collect().await;
    body.expect("the emulator answers in whole").to_vec()
}

/// As a network delivers it.
fn in_pieces(body: &[u8]) -> SdkBody {
    let pieces =
        body.chunks(PIECE).map(|piece| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(piece))));
    SdkBody::from_body_1_x(StreamBody::new(stream::iter(pieces.collect::<Vec<_>>())))
}

fn response(answer: AwsAnswer) -> HttpResponse {
    let status = answer.status.try_into().expect("the test returns a valid status");
    let mut response = HttpResponse::new(status, answer.body.into());
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value);
    }
    response
}

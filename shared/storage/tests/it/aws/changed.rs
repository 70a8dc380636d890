//! An AWS whose responses are changed by a test.

use std::{fmt, sync::Arc};

use aws_sdk_s3::{
    config::{HttpClient, RuntimeComponents, SharedHttpClient, http::HttpRequest, http::HttpResponse},
    primitives::{ByteStream, DateTime, DateTimeFormat, SdkBody},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};

/// A request to AWS.
pub(crate) struct AwsRequest {
    /// As `emulator::call_of` names it.
    pub(crate) call: String,
    pub(crate) uri: String,
    pub(crate) body: String,
}

impl AwsRequest {
    /// A listing of the bucket.
    pub(crate) fn is_listing(&self) -> bool {
        self.call == "GET" && self.uri.contains("list-type=2")
    }
}

/// Its response.
#[derive(Clone)]
pub(crate) struct AwsResponse {
    pub(crate) date: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl AwsResponse {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn set_text(&mut self, text: impl Into<String>) {
        self.body = text.into().into_bytes();
    }

    /// As if the clock of S3 were ahead by `seconds`: shifts the date of the response, and that of each
    /// object of a listing by `of_object` more.
    pub(crate) fn shift(&mut self, seconds: i64, of_object: impl Fn(&str) -> i64) {
        let shifted = |text: &str, seconds: i64, format: DateTimeFormat| {
            let time = DateTime::from_str(text, format).unwrap();
            DateTime::from_secs(time.secs() + seconds).fmt(format).unwrap()
        };
        self.date = self.date.as_ref().map(|date| shifted(date, seconds, DateTimeFormat::HttpDate));
        let text = self.text();
        let mut pieces = text.split("<Contents>");
        let mut changed = pieces.next().unwrap().to_owned();
        for object in pieces {
            let of = |name: &str| between(object, &format!("<{name}>"), "<").to_owned();
            let (key, put_at) = (of("Key"), of("LastModified"));
            let time = shifted(&put_at, seconds + of_object(&key), DateTimeFormat::DateTime);
            changed.push_str("<Contents>");
            changed.push_str(&object.replace(&put_at, &time));
        }
        self.set_text(changed);
    }
}

fn between<'text>(text: &'text str, from: &str, to: &str) -> &'text str {
    text.split_once(from).unwrap().1.split_once(to).unwrap().0
}

type Change = dyn Fn(&AwsRequest, &mut AwsResponse) + Send + Sync;
type Refusal = dyn Fn(&AwsRequest) -> Option<(u16, String)> + Send + Sync;

/// AWS with responses changed by `change`.
pub(crate) fn changing(
    change: impl Fn(&AwsRequest, &mut AwsResponse) + Send + Sync + 'static,
) -> SharedHttpClient {
    refusing(|_| None, change)
}

/// The same; a request that `refuse` answers never arrives at AWS.
pub(crate) fn refusing(
    refuse: impl Fn(&AwsRequest) -> Option<(u16, String)> + Send + Sync + 'static,
    change: impl Fn(&AwsRequest, &mut AwsResponse) + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Client {
        inner: emulator::http(),
        refuse: Arc::new(refuse),
        change: Arc::new(change),
    })
}

#[derive(Clone)]
struct Client {
    inner: SharedHttpClient,
    refuse: Arc<Refusal>,
    change: Arc<Change>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl HttpClient for Client {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connector { inner, client: self.clone() })
    }
}

#[derive(Debug)]
struct Connector {
    inner: SharedHttpConnector,
    client: Client,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let summary = AwsRequest {
            call: emulator::call_of(&request).to_owned(),
            uri: request.uri().to_owned(),
            body: String::from_utf8_lossy(request.body().bytes().unwrap_or_default()).into_owned(),
        };
        if let Some((status, body)) = (self.client.refuse)(&summary) {
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            return HttpConnectorFuture::ready(Ok(answer));
        }
        let (answer, change) = (self.inner.call(request), self.client.change.clone());
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            let body = ByteStream::new(response.take_body()).collect().await.unwrap().to_vec();
            let date = response.headers().get("date").map(str::to_owned);
            let mut answer = AwsResponse { date, body };
            change(&summary, &mut answer);
            response.headers_mut().remove("date");
            response.headers_mut().remove("content-length");
            if let Some(date) = answer.date {
                response.headers_mut().insert("date", date);
            }
            *response.body_mut() = SdkBody::from(answer.body);
            Ok(response)
        })
    }
}

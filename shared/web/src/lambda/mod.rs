//! A router as a Lambda function, behind API Gateway (HTTP and REST APIs), an ALB or a function URL.
//!
//! | file | idea |
//! |---|---|
//! | `request` | an event as the request that the client sent |
//! | `path` | paths and queries of events |
//! | `answer` | a response in the form that the event source expects |
//! | `init_error` | reports to Lambda why a function could not start |
//!
//! `lambda_http` decodes the events. Its conversions are not used: they panic on invalid base64, rewrite
//! paths, and drop all but one of a header's values (`docs/decisions/0010-lambda-events.md`).

mod answer;
mod init_error;
mod path;
mod request;

use std::time::{Duration, SystemTime};

use axum::Router;
use lambda_http::{
    LambdaEvent,
    lambda_runtime::{Diagnostic, LambdaInvocation, Runtime, service_fn},
    request::LambdaRequest,
};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tower::{ServiceExt, layer::layer_fn};

use crate::{AnswerLimit, event::InvocationId};

pub use answer::Answer;
pub use init_error::report_init_error;
pub use lambda_http::lambda_runtime::Error;
use request::{Event, EventSource};

/// How long a list may take: a second less than any response may take to begin, so that it is cut, not lost.
const LIST_TIMEOUT: Duration = Duration::from_secs(19);

/// Lambda carries 6 MB (6,291,556 bytes), headers included. An image of 4 MiB is 5,592,408 bytes of base64.
const LAMBDA_LIST_BYTES: usize = 5_500_000;
const LAMBDA_MAX_BYTES: usize = 6_000_000;

/// An ALB accepts 1 MB from a function, headers included.
const ALB_MAX_BYTES: usize = 900_000;

/// An event that is not a valid HTTP request.
#[derive(Debug, thiserror::Error)]
pub enum BadEvent {
    /// It is from another event source.
    #[error("event is not an HTTP request from API Gateway, an ALB or a function URL")]
    NotHttp,
    /// No client can have sent this path.
    #[error("event has an invalid path")]
    Path(#[source] axum::http::Error),
}

impl From<BadEvent> for Diagnostic {
    fn from(error: BadEvent) -> Self {
        Self { error_type: "Roster.BadEvent".to_owned(), error_message: error.to_string() }
    }
}

/// Serves events with `router` until the process ends. `base_path` is the prefix that only the paths of
/// clients have. `flush` runs after each response: what it leaves undone may wait for hours, since Lambda
/// freezes the process until the next event.
///
/// # Errors
/// If Lambda cannot be reached.
///
/// # Panics
/// If the process was not started by Lambda or an emulator of it.
pub async fn lambda<F: Future<Output = ()>>(
    router: Router,
    base_path: &str,
    flush: impl Fn() -> F + Clone,
) -> Result<(), Error> {
    let handler = service_fn(|event: LambdaEvent<LambdaRequest>| {
        let LambdaEvent { payload, context } = event;
        handle(router.clone(), base_path, payload, context.request_id)
    });
    let flushed = layer_fn(|answers| {
        let flush = flush.clone();
        ServiceExt::<LambdaInvocation>::then(answers, move |answered| async move {
            flush().await;
            answered
        })
    });
    Runtime::new(handler).layer(flushed).run().await
}

/// Passes events of another kind to `handler` until the process ends, one at a time, each with the moment at which Lambda
/// kills the function; `flush` as for [`lambda`].
///
/// # Errors
/// If Lambda cannot be reached.
///
/// # Panics
/// If the process was not started by Lambda or an emulator of it.
pub async fn events<E, A, H, F>(
    handler: impl Fn(E, Instant) -> H + Clone,
    flush: impl Fn() -> F + Clone,
) -> Result<(), Error>
where
    E: for<'de> Deserialize<'de> + Send + 'static,
    A: Serialize + 'static,
    H: Future<Output = A>,
    F: Future<Output = ()>,
{
    let handler = service_fn(move |event: LambdaEvent<E>| {
        let (handler, flush) = (handler.clone(), flush.clone());
        async move {
            let left = event.context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
            let answer = handler(event.payload, Instant::now() + left).await;
            flush().await;
            Ok::<_, Error>(answer)
        }
    });
    Runtime::new(handler).run().await
}

/// Serves one event; `invocation` is Lambda's id of it.
///
/// # Errors
/// If it is not a valid HTTP request.
pub async fn handle(
    router: Router,
    base_path: &str,
    event: LambdaRequest,
    invocation: String,
) -> Result<Answer, BadEvent> {
    let Event { source, mut request } = request::read(event, base_path)?;
    let limit = source.limit(Instant::now());
    request.extensions_mut().insert(limit);
    request.extensions_mut().insert(InvocationId(invocation));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    Ok(answer::from_response(source, response, &limit).await)
}

impl EventSource {
    fn limit(self, now: Instant) -> AnswerLimit {
        let (list_bytes, max_bytes) = match self {
            Self::ApiGatewayV1 | Self::ApiGatewayV2 => (LAMBDA_LIST_BYTES, LAMBDA_MAX_BYTES),
            Self::Alb => (ALB_MAX_BYTES, ALB_MAX_BYTES),
        };
        AnswerLimit { list_bytes, max_bytes, by: now + LIST_TIMEOUT }
    }
}

#[cfg(test)]
mod tests {
    use axum::{
        body::{Body, Bytes},
        extract::Request,
        http::{HeaderMap, header},
        response::IntoResponse as _,
        routing::{any, get, post},
    };
    use futures_util::stream;
    use serde_json::{Value, json};

    use super::*;
    use crate::{Callers, Cors, GatewayClaims, edge};
    use runtime::{Lifecycle, Telemetry};

    fn http_api(method: &str, path: &str) -> Value {
        json!({"version": "2.0", "rawPath": path, "rawQueryString": "", "isBase64Encoded": false, "headers": {},
            "requestContext": {"stage": "$default", "http": {"method": method, "path": path}}})
    }

    fn rest_api(path: &str) -> Value {
        json!({"httpMethod": "GET", "path": path, "headers": {}, "multiValueHeaders": {},
            "requestContext": {"httpMethod": "GET", "stage": "prod"}})
    }

    async fn answer(router: Router, event: Value) -> Value {
        let event = serde_json::from_value(event).unwrap();
        let router = edge::close(
            router,
            Lifecycle::default(),
            Cors::default(),
            Callers::default(),
            Telemetry::for_function(None),
        );
        let answer = handle(router, "", event, "an-invocation".to_owned()).await.unwrap();
        serde_json::to_value(answer).unwrap()
    }

    /// The claims in a request that a gateway has verified.
    async fn verified(request: Request) -> String {
        let claims = request.extensions().get::<GatewayClaims>();
        claims
            .map(|claims| format!("{:?} {:?}", claims.text("sub"), claims.text("scope")))
            .unwrap_or_default()
    }

    #[tokio::test]
    async fn claims_come_from_the_gateway_and_from_no_client() {
        let router = || Router::new().route("/", any(verified));
        let jwt = json!({"jwt": {"claims": {"sub": "ada", "scope": "users:read"}, "scopes": null}});
        let mut event = http_api("GET", "/");
        event["requestContext"]["authorizer"] = jwt.clone();
        assert_eq!(answer(router(), event).await["body"], r#"Some("ada") Some("users:read")"#);

        let mut forged = http_api("POST", "/");
        forged["headers"] = json!({"x-amzn-oidc-data": "{}", "authorizer": jwt.to_string()});
        forged["body"] = json!(json!({"requestContext": {"authorizer": jwt}}).to_string());
        forged["authorizer"] = jwt;
        assert_eq!(answer(router(), forged).await["body"], Value::Null);
    }

    #[tokio::test]
    async fn an_answer_that_breaks_off_or_is_too_large_is_a_problem() {
        let broken = || async {
            Body::from_stream(stream::iter([Ok(Bytes::from("[")), Err(std::io::Error::other("lost"))]))
        };
        let large = || async { vec![0_u8; LAMBDA_MAX_BYTES / 4 * 3 + 3] };
        let fits = || async { vec![0_u8; LAMBDA_MAX_BYTES / 4 * 3] };
        let router =
            Router::new().route("/broken", get(broken)).route("/large", get(large)).route("/fits", get(fits));
        for (path, status, text) in
            [("/broken", 503, ":unavailable"), ("/large", 503, ":answer-too-large"), ("/fits", 200, "AAAA")]
        {
            let answer = answer(router.clone(), http_api("GET", path)).await;
            assert_eq!(answer["statusCode"], status, "{path}");
            assert!(answer["body"].as_str().unwrap().contains(text), "{path}");
            assert!(answer["headers"]["x-request-id"].is_string(), "{path}");
        }
    }

    #[tokio::test]
    async fn every_value_of_a_header_is_received_and_sent() {
        async fn both(headers: HeaderMap) -> axum::response::Response {
            let values = headers.get_all("authorization").iter().map(|value| value.to_str().unwrap());
            let came = values.collect::<Vec<_>>().join("|");
            let mut response = came.into_response();
            for value in ["Origin", "Accept"] {
                response.headers_mut().append(header::VARY, value.parse().unwrap());
            }
            response
        }
        let router = || Router::new().route("/", get(both));
        let mut event = rest_api("/");
        event["headers"] = json!({"Authorization": "b", "X-Only-Here": "é"});
        event["multiValueHeaders"] = json!({"Authorization": ["a", "b"]});
        let rest = answer(router(), event).await;
        assert_eq!(rest["body"], "a|b");
        assert_eq!(rest["multiValueHeaders"]["vary"], json!(["Origin", "Accept"]));
        assert_eq!(answer(router(), http_api("GET", "/")).await["headers"]["vary"], "Origin, Accept");
    }

    #[tokio::test]
    async fn a_body_with_invalid_base64_fails_when_it_is_read() {
        async fn reads(request: Request) -> String {
            let (parts, body) = request.into_parts();
            let memory = crate::body::BodyMemory::new(100);
            match crate::body::read(body, &parts.headers, 100, &memory).await {
                Ok(body) => format!("{} bytes", body.len()),
                Err(error) => error.to_string(),
            }
        }
        let router =
            || Router::new().route("/reads", post(reads)).route("/ignores", post(|| async { "ignored" }));
        for (path, body, expected) in [
            ("/reads", "not base64!", "body could not be read"),
            ("/reads", "AAEC", "3 bytes"),
            ("/ignores", "not base64!", "ignored"),
        ] {
            let mut event = http_api("POST", path);
            event["body"] = json!(body);
            event["isBase64Encoded"] = json!(true);
            assert_eq!(answer(router(), event).await["body"], expected);
        }
    }

    #[tokio::test]
    async fn a_host_or_path_that_is_invalid_in_a_url_reaches_the_router() {
        let router =
            || Router::new().fallback(any(|request: Request| async move { request.uri().to_string() }));
        for (path, reached) in [("/a b/../%2e", "/a%20b/../%2e"), ("", "/"), ("//x/y", "//x/y"), ("x", "/x")]
        {
            let mut event = http_api("GET", path);
            event["headers"] = json!({"host": "[no host", "x-forwarded-proto": "?"});
            let event = serde_json::from_value(event).unwrap();
            let answer = handle(router(), "", event, String::new()).await.unwrap();
            assert_eq!(serde_json::to_value(answer).unwrap()["body"], reached);
        }
    }
}

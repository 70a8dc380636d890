//! A response in the form that the event source expects.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use lambda_http::{
    Body as Carried,
    aws_lambda_events::{
        alb::AlbTargetGroupResponse,
        apigw::{ApiGatewayProxyResponse, ApiGatewayV2httpResponse},
    },
};
use serde::Serialize;

use super::EventSource;
use crate::{
    AnswerLimit, Kind, Problem,
    answer_limit::{base64_bytes, json_string_bytes},
    content_type::media_type,
    request_id::X_REQUEST_ID,
};

/// What Lambda returns to the event source.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    /// To a REST API.
    ApiGatewayV1(ApiGatewayProxyResponse),
    /// To an HTTP API, and through a function URL.
    ApiGatewayV2(ApiGatewayV2httpResponse),
    /// To an ALB.
    Alb(AlbTargetGroupResponse),
}

/// `response`, read to its end; a problem if it breaks off or is too large.
pub(super) async fn from_response(source: EventSource, response: Response, limit: &AnswerLimit) -> Answer {
    let (parts, body) = response.into_parts();
    let (parts, carried) = match body.collect().await {
        Ok(body) => {
            let carried = carry(&parts.headers, body.to_bytes());
            if size(&carried) <= limit.max_bytes {
                (parts, carried)
            } else {
                tracing::error!(bytes = size(&carried), "response is too large for the gateway");
                replaced(&parts.headers, too_large()).await
            }
        }
        Err(error) => {
            let detail = "The response failed before it was complete; try again.";
            let problem = Problem::new(Kind::Unavailable, detail).caused_by(&error);
            replaced(&parts.headers, problem).await
        }
    };
    source.answer(parts.status, parts.headers, carried)
}

/// A response that the event source cannot carry.
pub(crate) fn too_large() -> Problem {
    Problem::new(Kind::AnswerTooLarge, "The response is larger than the gateway can carry.")
}

/// `problem` in place of a response with these headers.
async fn replaced(headers: &HeaderMap, problem: Problem) -> (axum::http::response::Parts, Carried) {
    let (mut parts, body) = problem.into_response().into_parts();
    if let Some(id) = headers.get(X_REQUEST_ID) {
        parts.headers.insert(X_REQUEST_ID, id.clone());
    }
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let carried = carry(&parts.headers, body);
    (parts, carried)
}

/// Text is sent as it is, anything else in base64.
fn carry(headers: &HeaderMap, body: Bytes) -> Carried {
    if body.is_empty() {
        return Carried::Empty;
    }
    let media_type = media_type(headers);
    let is_text =
        media_type.starts_with("text/") || media_type == "application/json" || media_type.ends_with("+json");
    let bytes = Vec::from(body);
    if !is_text {
        return Carried::Binary(bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Carried::Text(text),
        Err(error) => Carried::Binary(error.into_bytes()),
    }
}

fn size(carried: &Carried) -> usize {
    match carried {
        Carried::Text(text) => json_string_bytes(text.as_bytes()),
        other => base64_bytes(other.len()),
    }
}

impl EventSource {
    fn answer(self, status: StatusCode, headers: HeaderMap, body: Carried) -> Answer {
        let status_code = i64::from(status.as_u16());
        let is_base64_encoded = matches!(body, Carried::Binary(_));
        let body = Some(body).filter(|body| !body.is_empty());
        match self {
            Self::ApiGatewayV1 => {
                let mut answer = ApiGatewayProxyResponse::default();
                answer.status_code = status_code;
                answer.multi_value_headers = headers;
                answer.is_base64_encoded = is_base64_encoded;
                answer.body = body;
                Answer::ApiGatewayV1(answer)
            }
            Self::ApiGatewayV2 => {
                let mut answer = ApiGatewayV2httpResponse::default();
                answer.status_code = status_code;
                answer.headers = one_value_each(&headers);
                answer.is_base64_encoded = is_base64_encoded;
                answer.body = body;
                Answer::ApiGatewayV2(answer)
            }
            Self::Alb => {
                let mut answer = AlbTargetGroupResponse::default();
                answer.status_code = status_code;
                let reason = status.canonical_reason().unwrap_or_default();
                answer.status_description = Some(format!("{} {reason}", status.as_u16()));
                // The target group's setting decides which of the two is read.
                answer.headers = one_value_each(&headers);
                answer.multi_value_headers = headers;
                answer.is_base64_encoded = is_base64_encoded;
                answer.body = body;
                Answer::Alb(answer)
            }
        }
    }
}

/// Several values as one list (RFC 9110, 5.3). Roster sets no cookie, the one header that may not be joined.
fn one_value_each(headers: &HeaderMap) -> HeaderMap {
    let joined = headers.keys().map(|name| {
        let values: Vec<_> = headers.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        let value = HeaderValue::from_bytes(&values.join(&b", "[..])).expect("header values");
        (name.clone(), value)
    });
    joined.collect()
}

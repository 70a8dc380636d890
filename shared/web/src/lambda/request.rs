//! An event as the request that the client sent.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, Uri, header, uri::PathAndQuery},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures_util::{future, stream};
use lambda_http::{
    aws_lambda_events::{
        apigw::{ApiGatewayRequestAuthorizer, ApiGatewayV2httpRequestContext},
        query_map::{QueryMap, QueryMapIter},
    },
    request::LambdaRequest,
};

use super::{BadEvent, path};
use crate::GatewayClaims;

/// What is between a client and the function: the event source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventSource {
    /// A REST API.
    ApiGatewayV1,
    /// An HTTP API, or a function URL.
    ApiGatewayV2,
    Alb,
}

/// A request and its event source.
pub(super) struct Event {
    pub source: EventSource,
    pub request: Request,
}

/// What events have in common.
struct Raw {
    source: EventSource,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Option<String>,
    is_base64: bool,
    claims: Option<GatewayClaims>,
}

/// The request in `event`, without `base_path` at the beginning of its path.
pub(super) fn read(event: LambdaRequest, base_path: &str) -> Result<Event, BadEvent> {
    let raw = raw(event)?;
    let path = path::encoded(path::without(&raw.path, base_path));
    let path = if path.starts_with('/') { path } else { format!("/{path}") };
    let uri = if raw.query.is_empty() { path } else { format!("{path}?{}", raw.query) };
    let uri = PathAndQuery::try_from(uri).map_err(|error| BadEvent::Path(error.into()))?;
    let mut request = Request::new(body(raw.body, raw.is_base64));
    *request.method_mut() = raw.method;
    *request.uri_mut() = Uri::from(uri);
    *request.headers_mut() = raw.headers;
    if let Some(claims) = raw.claims {
        request.extensions_mut().insert(claims);
    }
    Ok(Event { source: raw.source, request })
}

fn raw(event: LambdaRequest) -> Result<Raw, BadEvent> {
    match event {
        LambdaRequest::ApiGatewayV2(event) => {
            let raw_path = event.raw_path.unwrap_or_default();
            let mut headers = event.headers;
            let cookies = event.cookies.filter(|cookies| !cookies.is_empty());
            if let Some(cookies) = cookies.and_then(|list| HeaderValue::from_str(&list.join("; ")).ok()) {
                headers.insert(header::COOKIE, cookies);
            }
            Ok(Raw {
                source: EventSource::ApiGatewayV2,
                path: without_stage(&raw_path, &event.request_context).to_owned(),
                query: path::encoded_query(&event.raw_query_string.unwrap_or_default()),
                method: event.request_context.http.method,
                headers,
                body: event.body,
                is_base64: event.is_base64_encoded,
                claims: event.request_context.authorizer.and_then(claims),
            })
        }
        LambdaRequest::ApiGatewayV1(event) => Ok(Raw {
            source: EventSource::ApiGatewayV1,
            method: event.http_method,
            // Without the stage, unlike an HTTP API's.
            path: event.path.unwrap_or_default(),
            query: path::query_of_decoded(all_or_last(
                &event.multi_value_query_string_parameters,
                &event.query_string_parameters,
            )),
            headers: with_all_values(event.multi_value_headers, &event.headers),
            body: event.body,
            is_base64: event.is_base64_encoded,
            claims: None,
        }),
        LambdaRequest::Alb(event) => Ok(Raw {
            source: EventSource::Alb,
            method: event.http_method,
            path: event.path.unwrap_or_default(),
            query: path::query_of_encoded(all_or_last(
                &event.multi_value_query_string_parameters,
                &event.query_string_parameters,
            )),
            headers: with_all_values(event.multi_value_headers, &event.headers),
            body: event.body,
            is_base64: event.is_base64_encoded,
            claims: None,
        }),
        _ => Err(BadEvent::NotHttp),
    }
}

/// The path of an HTTP API begins with the stage where that has a name.
fn without_stage<'a>(raw_path: &'a str, context: &ApiGatewayV2httpRequestContext) -> &'a str {
    match context.stage.as_deref() {
        None | Some("$default" | "") => raw_path,
        Some(stage) => path::without(raw_path, &format!("/{stage}")),
    }
}

/// The parameters with all their values if the event source sends them, else with the last value of each.
fn all_or_last<'a>(all: &'a QueryMap, last: &'a QueryMap) -> QueryMapIter<'a> {
    if all.is_empty() { last.iter() } else { all.iter() }
}

/// The headers with all their values, and those that have only the last one.
fn with_all_values(all: HeaderMap, last: &HeaderMap) -> HeaderMap {
    let mut headers = all;
    for (name, value) in last {
        if !headers.contains_key(name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}

/// A body with invalid base64 fails when it is read, as if its connection were lost.
fn body(text: Option<String>, is_base64: bool) -> Body {
    match text {
        None => Body::empty(),
        Some(text) if is_base64 => match STANDARD.decode(text) {
            Ok(bytes) => Body::from(bytes),
            Err(error) => Body::from_stream(stream::once(future::ready(Err::<Bytes, _>(error)))),
        },
        Some(text) => Body::from(text),
    }
}

fn claims(authorizer: ApiGatewayRequestAuthorizer) -> Option<GatewayClaims> {
    let jwt = authorizer.jwt?;
    // Its `scopes` are ignored: the gateway lists only those that it requires, not all of the token's.
    Some(GatewayClaims::new(jwt.claims))
}

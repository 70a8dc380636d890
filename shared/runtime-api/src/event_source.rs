//! A request as the event of each event source, and the response as the client receives it.
//!
//! The events are the examples of the AWS documentation, with path, query, headers and body filled in.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

/// What is between a client and a function: the event source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSource {
    /// An HTTP API with the stage `$default`.
    HttpApi,
    /// An HTTP API with the stage `prod`, which its paths begin with.
    HttpApiStage,
    /// A REST API with `binaryMediaTypes` `*/*`.
    RestApi,
    /// An ALB whose target group gives one value for each header and parameter.
    Alb,
    /// An ALB whose target group gives all values.
    AlbMultiValue,
    /// A function URL.
    FunctionUrl,
}

/// What a client sent.
#[derive(Clone, Debug, Default)]
pub struct ClientRequest {
    /// `GET` and so on.
    pub method: String,
    /// The path, and the query if there is one, as they are sent.
    pub target: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// Empty for none.
    pub body: Vec<u8>,
}

/// What a client receives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientResponse {
    /// 200 and so on.
    pub status: u16,
    /// By name; several values as one list.
    pub headers: Vec<(String, String)>,
    /// Decoded.
    pub body: Vec<u8>,
}

impl EventSource {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::HttpApi, Self::HttpApiStage, Self::RestApi, Self::Alb, Self::AlbMultiValue, Self::FunctionUrl];

    fn template(self) -> Value {
        let text = match self {
            Self::HttpApi => include_str!("events/http_api.json"),
            Self::HttpApiStage => include_str!("events/http_api_stage.json"),
            Self::RestApi => include_str!("events/rest_api.json"),
            Self::Alb => include_str!("events/alb.json"),
            Self::AlbMultiValue => include_str!("events/alb_multi_value.json"),
            Self::FunctionUrl => include_str!("events/function_url.json"),
        };
        serde_json::from_str(text).expect("the templates are JSON")
    }

    /// The event that a function gets.
    ///
    /// # Panics
    /// Never: the templates are objects.
    pub fn event(self, request: &ClientRequest) -> Value {
        let mut event = self.template();
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        match self {
            Self::HttpApi | Self::HttpApiStage | Self::FunctionUrl => {
                let prefix = if self == Self::HttpApiStage { "/prod" } else { "" };
                event["rawPath"] = json!(format!("{prefix}{path}"));
                event["rawQueryString"] = json!(query);
                event["requestContext"]["http"]["method"] = json!(request.method);
                event["requestContext"]["http"]["path"] = json!(format!("{prefix}{path}"));
                event["headers"] = one_value_each(&request.headers, |values| values.join(","));
            }
            Self::RestApi => {
                event["path"] = json!(path);
                event["httpMethod"] = json!(request.method);
                event["requestContext"]["httpMethod"] = json!(request.method);
                event["requestContext"]["path"] = json!(format!("/prod{path}"));
                let parameters = parameters(query, decoded);
                event["queryStringParameters"] = null_if_empty(one_value_each(&parameters, last));
                event["multiValueQueryStringParameters"] = null_if_empty(all_values(&parameters));
                event["headers"] = one_value_each(&request.headers, last);
                event["multiValueHeaders"] = all_values(&request.headers);
            }
            Self::Alb => {
                event["path"] = json!(path);
                event["httpMethod"] = json!(request.method);
                event["queryStringParameters"] = one_value_each(&parameters(query, str::to_owned), last);
                event["headers"] = one_value_each(&request.headers, last);
            }
            Self::AlbMultiValue => {
                event["path"] = json!(path);
                event["httpMethod"] = json!(request.method);
                event["multiValueQueryStringParameters"] = all_values(&parameters(query, str::to_owned));
                event["multiValueHeaders"] = all_values(&request.headers);
            }
        }
        self.fill_body(&mut event, &request.body);
        event
    }

    /// Bodies are base64 from a REST API with binary types, and if they are not text; an ALB always has one.
    fn fill_body(self, event: &mut Value, body: &[u8]) {
        let text = std::str::from_utf8(body).ok().filter(|_| self != Self::RestApi);
        let (text, is_base64) = match text {
            _ if body.is_empty() && matches!(self, Self::Alb | Self::AlbMultiValue) => (json!(""), false),
            _ if body.is_empty() => (Value::Null, false),
            Some(text) => (json!(text), false),
            None => (json!(STANDARD.encode(body)), true),
        };
        event["isBase64Encoded"] = json!(is_base64);
        let event = event.as_object_mut().expect("the templates are objects");
        if text.is_null() && self != Self::RestApi {
            event.remove("body");
        } else {
            event.insert("body".to_owned(), text);
        }
    }

    /// What the client receives for a function's response.
    ///
    /// # Panics
    /// If the event source would return its own error instead.
    pub fn response(self, answer: &Value) -> ClientResponse {
        let status = answer["statusCode"].as_u64().expect("a status");
        let headers = match self {
            Self::RestApi | Self::AlbMultiValue => &answer["multiValueHeaders"],
            _ => &answer["headers"],
        };
        if matches!(self, Self::Alb | Self::AlbMultiValue) {
            let description = answer["statusDescription"].as_str().expect("an ALB needs it");
            assert!(description.starts_with(&status.to_string()), "{description}");
            let bytes = serde_json::to_vec(answer).expect("a value serialises").len();
            assert!(bytes <= 1_000_000, "an ALB takes 1 MB, not {bytes} bytes");
        }
        let mut headers: Vec<_> = headers
            .as_object()
            .expect("headers")
            .iter()
            .map(|(name, value)| match value {
                Value::Array(values) => {
                    let values: Vec<_> = values.iter().map(|value| value.as_str().expect("text")).collect();
                    (name.clone(), values.join(", "))
                }
                value => (name.clone(), value.as_str().expect("text").to_owned()),
            })
            .collect();
        headers.sort();
        let body = answer["body"].as_str().unwrap_or_default();
        let body = if answer["isBase64Encoded"] == true {
            STANDARD.decode(body).expect("base64")
        } else {
            body.as_bytes().to_vec()
        };
        ClientResponse { status: u16::try_from(status).expect("a status"), headers, body }
    }
}

fn parameters(query: &str, read: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (read(name), read(value)))
        .collect()
}

/// Decodes a parameter as a form does: `+` is a space.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escape = tail.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match (first, escape.and_then(|digits| u8::from_str_radix(digits, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &tail[2..];
            }
            (byte, _) => {
                out.push(if *byte == b'+' { b' ' } else { *byte });
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn all_values(pairs: &[(String, String)]) -> Value {
    let mut all = Map::new();
    for (name, value) in pairs {
        let values = all.entry(name.clone()).or_insert_with(|| json!([]));
        values.as_array_mut().expect("made as one").push(json!(value));
    }
    Value::Object(all)
}

fn one_value_each(pairs: &[(String, String)], one: impl Fn(&[&str]) -> String) -> Value {
    let all = all_values(pairs);
    let all = all.as_object().into_iter().flatten().map(|(name, values)| {
        let values: Vec<_> = values.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        (name.clone(), json!(one(&values)))
    });
    Value::Object(all.collect())
}

fn last(values: &[&str]) -> String {
    values.last().copied().unwrap_or_default().to_owned()
}

fn null_if_empty(map: Value) -> Value {
    if map.as_object().is_some_and(Map::is_empty) { Value::Null } else { map }
}

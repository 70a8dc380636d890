//! The method of a request, as logs, metrics and spans name it.

use axum::http::Method;

/// What any method but the nine of HTTP is called (OpenTelemetry, HTTP conventions): clients may invent methods without end.
const OTHER: &str = "_OTHER";

/// The method's name.
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::CONNECT => "CONNECT",
        Method::TRACE => "TRACE",
        _ => OTHER,
    }
}

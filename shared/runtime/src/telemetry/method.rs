//! The method of a request, as logs, metrics and spans name it.

use http::Method;

/// The name of any method but HTTP's nine (OpenTelemetry, HTTP conventions): clients may invent any number.
const OTHER: &str = "_OTHER";

/// The method's name.
pub fn method(method: &Method) -> &'static str {
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

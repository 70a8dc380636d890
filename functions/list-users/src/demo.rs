//! `GET /demo/hello`, `GET /demo/random-error`: something to observe, if a setting enables them.

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};
use web::{Kind, Problem};

web::problems!(HelloProblems: ForeignSite, NotFound);
web::problems!(RandomErrorProblems: ForeignSite, NotFound);

/// Each response is new: no cache may store it.
const NO_STORE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

type Demo = ([(HeaderName, &'static str); 1], &'static str);

/// The two routes.
pub(crate) fn routes() -> Router {
    Router::new().route("/demo/hello", get(get_hello)).route("/demo/random-error", get(get_random_error))
}

/// Say hello
///
/// Only if `ROSTER_DEMO` is on.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/demo/hello", tag = "operation",
    responses((status = 200, description = "Hello.", content_type = "text/plain", body = String), HelloProblems)))]
pub(crate) async fn get_hello() -> Demo {
    (NO_STORE, "Hello world!")
}

/// Fail at random
///
/// Half of all requests fail, to show an error in logs, metrics and traces. Only if `ROSTER_DEMO` is on.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/demo/random-error", tag = "operation",
    responses((status = 200, description = "It went well.", content_type = "text/plain", body = String), RandomErrorProblems)))]
pub(crate) async fn get_random_error() -> Result<Demo, Problem> {
    if fastrand::bool() {
        return Ok((NO_STORE, "It went well."));
    }
    Err(Problem::new(Kind::Internal, "This error occurs at random, in half of all requests."))
}

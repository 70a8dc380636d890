//! `GET /demo/hello`, `GET /demo/random-error`: something to watch, where a setting turns them on.

use axum::{
    Router,
    http::{HeaderName, header},
    routing::get,
};
use web::{Kind, Problem};

web::problems!(HelloProblems: ForeignSite, NotFound);
web::problems!(RandomErrorProblems: ForeignSite, NotFound);

/// Each is an answer of its own: no cache keeps it.
const NO_STORE: [(HeaderName, &str); 1] = [(header::CACHE_CONTROL, "no-store")];

type Demo = ([(HeaderName, &'static str); 1], &'static str);

/// The two routes.
pub(crate) fn routes() -> Router {
    Router::new().route("/demo/hello", get(get_hello)).route("/demo/random-error", get(get_random_error))
}

/// Say hello
///
/// Only where `ROSTER_DEMO` is on.
#[utoipa::path(get, path = "/demo/hello", tag = "operation",
    responses((status = 200, description = "Hello.", content_type = "text/plain", body = String), HelloProblems))]
pub(crate) async fn get_hello() -> Demo {
    (NO_STORE, "Hello world!")
}

/// Fail by chance
///
/// One time in two, to see what an error looks like in logs, metrics and traces. Only where `ROSTER_DEMO` is on.
#[utoipa::path(get, path = "/demo/random-error", tag = "operation",
    responses((status = 200, description = "It went well.", content_type = "text/plain", body = String), RandomErrorProblems))]
pub(crate) async fn get_random_error() -> Result<Demo, Problem> {
    if fastrand::bool() {
        return Ok((NO_STORE, "It went well."));
    }
    Err(Problem::new(Kind::Internal, "This happens by chance, one time in two."))
}

//! Around every request: request id, place in a trace, time limit, panics, unknown paths, the wide event.

use std::{panic::AssertUnwindSafe, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use futures_util::FutureExt as _;
use http_body::Body as _;

use crate::{
    Callers, Cors, Kind, Problem,
    body::{Activity, PacedBody},
    event::WideEvent,
    host,
    request_id::{X_REQUEST_ID, request_id},
};
use runtime::{Lifecycle, Telemetry, lifecycle::Phase};

/// How long after the end of a request its response must begin.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Closes a router: every request gets a response of the contract, and is observed by `telemetry`.
pub fn close(
    router: Router,
    lifecycle: Lifecycle,
    cors: Cors,
    callers: Callers,
    telemetry: Telemetry,
) -> Router {
    let router =
        router.fallback(unknown_path).method_not_allowed_fallback(method_not_allowed).layer(from_fn(guarded));
    // Around every response, so that pages can read problems too; inside the event, to include preflights.
    let router = cors.around(router);
    // Around CORS: a preflight for a page of another site is refused as well.
    callers.around(router).layer(from_fn_with_state(Edge { lifecycle, telemetry }, around))
}

#[derive(Clone)]
struct Edge {
    lifecycle: Lifecycle,
    telemetry: Telemetry,
}

async fn unknown_path() -> Problem {
    Problem::new(Kind::NotFound, "This path does not exist; see `/docs` for the API.")
}

/// The router adds `Allow`.
async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "See `Allow` for the methods of this path.")
}

async fn around(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let mut event = WideEvent::begin(&request, &id, &edge.telemetry);
    request.extensions_mut().insert(event.trace_parent());
    let mut response = match host::check(&request) {
        Ok(()) => event.around(next.run(request)).await,
        Err(problem) => problem.into_response(),
    };
    response.headers_mut().insert(X_REQUEST_ID, id);
    if edge.lifecycle.phase() == Phase::Draining {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    event.answered(&response);
    response.map(|body| event.follow(body))
}

/// Always responds: in time, and after a panic too.
async fn guarded(mut request: Request, next: Next) -> Response {
    let activity = Activity::begin();
    if !request.body().is_end_stream() {
        let paced = activity.clone();
        request = request.map(|body| Body::new(PacedBody::new(body, paced)));
    }

    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    match in_time(answer, &activity).await {
        Some(Ok(response)) => response,
        Some(Err(panic)) => panicked(panic.as_ref()),
        None => Problem::new(
            Kind::Timeout,
            "The request took too long; try again. A write may still have succeeded.",
        )
        .into_response(),
    }
}

/// Runs `answer` until [`ANSWER_TIMEOUT`] after the last byte of the request.
async fn in_time<T>(answer: impl Future<Output = T>, activity: &Activity) -> Option<T> {
    tokio::pin!(answer);
    loop {
        let deadline = activity.last() + ANSWER_TIMEOUT;
        match tokio::time::timeout_at(deadline, answer.as_mut()).await {
            Ok(output) => return Some(output),
            Err(_) if activity.last() + ANSWER_TIMEOUT > deadline => {}
            Err(_) => return None,
        }
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Response {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let cause = std::io::Error::other(format!("panic: {}", text.unwrap_or("no text")));
    Problem::new(Kind::Internal, "Report the `instance` to the operator.").caused_by(&cause).into_response()
}

//! What holds for every request that reaches the router.

use axum::{Router, routing::get};
use runtime::{Lifecycle, Telemetry};
use tower::ServiceExt as _;
use web::{Callers, Cors, edge};

use crate::support::TestApp;

#[tokio::test]
async fn unknown_paths_and_methods_are_problems() {
    let app = TestApp::start().await;
    for path in ["/", "/user/", "/users/", "/nothing", "/avatars", "/healthz/x"] {
        app.get(path).await.is(404, "not-found");
    }
    for (method, path, allow) in [
        ("POST", "/users", "GET,HEAD"),
        ("GET", "/user", "POST"),
        ("PUT", "/healthz", "GET,HEAD"),
        ("TRACE", "/user", "POST"),
    ] {
        let answer = app.request(method, path, &[], "").await;
        answer.is(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn a_plain_request_id_of_the_client_is_kept() {
    let app = TestApp::start().await;
    let kept = app.request("GET", "/nothing", &[("x-request-id", "a.b_c-1")], "").await;
    assert_eq!(kept.header("x-request-id"), "a.b_c-1");
    let replaced = app.request("GET", "/healthz", &[("x-request-id", "a b")], "").await;
    assert_eq!(replaced.header("x-request-id").len(), 36);
}

fn closed(router: Router) -> Router {
    edge::close(
        router,
        Lifecycle::default(),
        Cors::default(),
        Callers::default(),
        Telemetry::for_server(None),
    )
}

async fn problem_of(router: Router, path: &str) -> serde_json::Value {
    let request = axum::http::Request::get(path).body(axum::body::Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn a_panic_is_a_problem_without_its_message() {
    async fn panics() -> &'static str {
        panic!("a secret")
    }
    let problem = problem_of(closed(Router::new().route("/", get(panics))), "/").await;
    assert_eq!(
        (problem["status"].as_u64(), problem["type"].as_str()),
        (Some(500), Some("urn:roster:problem:internal"))
    );
    assert!(!problem.to_string().contains("secret"));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_in_time_is_a_503() {
    let began = tokio::time::Instant::now();
    let router = closed(Router::new().route("/", get(std::future::pending::<&'static str>)));
    let problem = problem_of(router, "/").await;
    assert_eq!(
        (problem["status"].as_u64(), problem["type"].as_str()),
        (Some(503), Some("urn:roster:problem:timeout"))
    );
    assert_eq!(began.elapsed().as_secs(), 20);
}

#[tokio::test]
async fn readiness_follows_the_store_and_the_phase() {
    let app = TestApp::start().await;
    let ready = app.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), ready.json()["status"].as_str()), (200, Some("ready")));
    assert_eq!(ready.json()["dependencies"][0]["status"], "up");
    assert!(ready.header("connection").is_empty());

    app.lifecycle.draining();
    let draining = app.request("GET", "/readyz", &[], "").await;
    assert_eq!(draining.json()["status"], "draining");
    assert_eq!(app.get("/users").await.header("connection"), "close");
    assert_eq!(app.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_broken_local_store_makes_the_instance_not_ready() {
    let app = TestApp::start().await;
    app.faults.set("health.check=unavailable").unwrap();
    let answer = app.get("/readyz").await;
    assert_eq!((answer.status.as_u16(), answer.json()["status"].as_str()), (503, Some("unready")));
    assert_eq!(app.get("/healthz").await.status, 200);
}

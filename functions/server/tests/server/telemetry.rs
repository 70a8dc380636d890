//! Metrics, and the trace context of requests.

use axum::{
    Extension, Router,
    body::Body,
    http::{Method, Request},
    routing::get,
};
use domain::TraceParent;
use runtime::{Lifecycle, Telemetry};
use tower::ServiceExt as _;
use web::{Callers, Cors, edge};

use crate::support::{
    Settings, TestApp,
    form::Form,
    metrics::{series, value},
    pictures,
};

const REQUESTS: &str = "http_server_request_duration_seconds_count";
const ACTIVE: &str = "http_server_active_requests";
const CALLS: &str = "roster_store_call_duration_seconds_count";

#[tokio::test]
async fn requests_are_counted_by_template_method_and_status() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    app.get(&format!("/users/{id}")).await;
    app.get(&format!("/users/{}", "0".repeat(64))).await.is(404, "not-found");
    app.request("TRACE", "/user", &[], "").await.is(405, "method-not-allowed");
    let text = app.telemetry.scrape(None);
    for (method, route, status) in [
        ("POST", "/user", 201),
        ("GET", "/users/{id}", 200),
        ("GET", "/users/{id}", 404),
        ("TRACE", "/user", 405),
    ] {
        let labels = [
            &format!("http_request_method=\"{method}\"") as &str,
            &format!("http_route=\"{route}\""),
            &format!("http_response_status_code=\"{status}\""),
        ];
        assert_eq!(value(&text, REQUESTS, &labels), 1, "{labels:?} in {text}");
    }
    assert!(!text.contains(&id), "{text}");
}

#[tokio::test]
async fn unknown_paths_and_methods_add_no_series() {
    let app = TestApp::start().await;
    let ask = async |number: usize| {
        app.get(&format!("/nothing/{number}")).await.is(404, "not-found");
        app.request(&format!("INVENT{number}"), "/users", &[], "").await.is(405, "method-not-allowed");
        app.request(&format!("INVENT{number}"), &format!("/{number}"), &[], "").await.is(404, "not-found");
    };
    ask(0).await;
    let before = series(&app.telemetry.scrape(None));
    for number in 1..50 {
        ask(number).await;
    }
    let text = app.telemetry.scrape(None);
    assert_eq!(series(&text), before);
    assert_eq!(value(&text, REQUESTS, &["http_request_method=\"_OTHER\"", "http_route=\"unknown\""]), 50);
    assert!(!text.contains("INVENT") && !text.contains("nothing"), "{text}");
}

#[tokio::test]
async fn in_flight_returns_to_zero_for_abandoned_requests_too() {
    let app = TestApp::start().await;
    app.faults.set("users.list=slow:60s").unwrap();
    let request = || Request::get("/users").body(Body::empty()).unwrap();
    {
        let mut waiting = Box::pin(app.router.clone().oneshot(request()));
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        assert_eq!(value(&app.telemetry.scrape(None), ACTIVE, &["http_request_method=\"GET\""]), 1);
    }
    let text = app.telemetry.scrape(None);
    assert_eq!(value(&text, ACTIVE, &[]), 0);
    assert_eq!(value(&text, REQUESTS, &["http_response_status_code=\"499\""]), 1);
    assert_eq!(value(&text, CALLS, &["operation=\"users.list\"", "result=\"dropped\""]), 1);

    app.faults.clear();
    let answer = app.router.clone().oneshot(request()).await.unwrap();
    assert_eq!(value(&app.telemetry.scrape(None), ACTIVE, &[]), 1, "its body was not read yet");
    drop(answer);
    assert_eq!(value(&app.telemetry.scrape(None), ACTIVE, &[]), 0);
}

#[tokio::test]
async fn images_are_counted_by_format_and_by_refusal() {
    let app = TestApp::with(Settings {
        max_upload_bytes: 1_000_000,
        image_memory_bytes: 16 << 20,
        ..Default::default()
    })
    .await;
    let id = app.user("ada@example.org").await;
    for (format, image) in [
        ("png", image::ImageFormat::Png),
        ("webp", image::ImageFormat::WebP),
        ("gif", image::ImageFormat::Gif),
    ] {
        assert_eq!(app.put_image(&id, &pictures::picture(9, 7, 1, image)).await.status, 200, "{format}");
        assert_eq!(
            value(&app.telemetry.scrape(None), "roster_uploads_total", &[&format!("format=\"{format}\"")]),
            1
        );
    }
    let jpeg = pictures::small_jpeg();
    let post = async |image: &[u8]| app.post(Form::user("Eve", "eve@example.org", image)).await;
    app.put_image(&id, b"").await.is(400, "invalid-fields");
    post(b"<svg/>").await.is(415, "unsupported-image");
    post(b"hello").await.is(415, "unsupported-image");
    post(&jpeg[..jpeg.len() / 2]).await.is(422, "undecodable-image");
    app.put_image(&id, &pictures::progressive_jpeg(16_385, 1)).await.is(422, "image-too-demanding");
    app.put_image(&id, &pictures::progressive_jpeg(3000, 3000)).await.is(422, "image-too-demanding");
    post(&vec![0; 1_000_001]).await.is(413, "too-large");
    app.put_image(&id, &vec![0; 1_000_001]).await.is(413, "too-large");
    app.patch(&id, &"x".repeat(2 << 20)).await.is(413, "too-large");
    let text = app.telemetry.scrape(None);
    for (reason, count) in [
        ("empty", 1),
        ("unsupported", 1),
        ("unknown", 1),
        ("undecodable", 1),
        ("too_many_pixels", 1),
        ("too_much_memory", 1),
        ("too_large", 2),
    ] {
        let counted = value(&text, "roster_images_refused_total", &[&format!("reason=\"{reason}\"")]);
        assert_eq!(counted, count, "{reason} in {text}");
    }
    assert_eq!(value(&text, "roster_images_refused_total", &[]), 8, "{text}");
    assert_eq!(value(&text, "roster_uploads_total", &["format=\"jpeg\""]), 1);
    assert!(
        value(&text, "roster_image_work_duration_seconds_count", &["task=\"image.clean\""]) >= 4,
        "{text}"
    );
}

#[tokio::test]
async fn only_the_image_of_a_form_counts_as_refused() {
    let app = TestApp::with(Settings { max_upload_bytes: 1000, ..Default::default() }).await;
    let id = app.user("ada@example.org").await;
    let put = async |form: Form| app.send(form.request(Method::PUT, &format!("/users/{id}/avatar"))).await;
    let refused = || value(&app.telemetry.scrape(None), "roster_images_refused_total", &[]);
    let form = |name: &str, image: &[u8]| Form::user(name, "eve@example.org", image);
    assert_eq!(put(Form::default().file("avatar", b"")).await.is(400, "invalid-fields").fields(), ["avatar"]);
    assert_eq!(put(Form::default()).await.is(400, "invalid-fields").fields(), ["avatar"]);
    assert_eq!(app.post(form("Eve", b"")).await.is(400, "invalid-fields").fields(), ["avatar"]);
    app.post(form(&"x".repeat(5000), &pictures::small_jpeg())).await.is(413, "too-large");
    assert_eq!(refused(), 0, "an invalid field is not an image");

    app.post(form("Eve", &[0; 1001])).await.is(413, "too-large");
    put(Form::default().file("avatar", &[0; 1001])).await.is(413, "too-large");
    let length = [("content-type", Form::content_type()), ("content-length", "100000".to_owned())];
    let length = length.each_ref().map(|(name, value)| (*name, value.as_str()));
    app.request("POST", "/user", &length, "").await.is(413, "too-large");
    assert_eq!(refused(), 3);
}

#[tokio::test]
async fn calls_of_the_stores_are_counted_by_operation_and_result() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    app.post(Form::user("Ada", "ada@example.org", &pictures::small_jpeg())).await.is(409, "email-taken");
    app.get(&format!("/users/{}", "0".repeat(64))).await.is(404, "not-found");
    for effect in ["unavailable", "throttled", "damaged"] {
        app.faults.set(&format!("users.list={effect}*1")).unwrap();
        app.get("/users").await;
    }
    let text = app.telemetry.scrape(None);
    for (operation, result) in [
        ("users.create", "ok"),
        ("users.create", "conflict"),
        ("users.get", "not_found"),
        ("users.list", "unavailable"),
        ("users.list", "throttled"),
        ("users.list", "damaged"),
    ] {
        let labels = [&format!("operation=\"{operation}\"") as &str, &format!("result=\"{result}\"")];
        assert_eq!(value(&text, CALLS, &labels), 1, "{labels:?} in {text}");
    }
}

#[tokio::test]
async fn a_trace_is_continued_and_a_malformed_traceparent_begins_another() {
    async fn trace_parent(Extension(parent): Extension<TraceParent>) -> String {
        parent.to_string()
    }
    let router = edge::close(
        Router::new().route("/", get(trace_parent)),
        Lifecycle::default(),
        Cors::default(),
        Callers::default(),
        Telemetry::for_server(None),
    );
    let ask = async |traceparent: &str| -> TraceParent {
        let request = Request::get("/").header("traceparent", traceparent).body(Body::empty()).unwrap();
        let body = router.clone().oneshot(request).await.unwrap().into_body();
        let bytes = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
        std::str::from_utf8(&bytes).unwrap().parse().unwrap()
    };
    let sent: TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap();
    let kept = ask(&sent.to_string()).await;
    assert_eq!((kept.trace_id, kept.sampled), (sent.trace_id, true));
    assert_ne!(kept.span_id, sent.span_id, "the request has a span of its own");
    assert!(!ask(&sent.to_string().replace("-01", "-00")).await.sampled);
    for malformed in [
        "",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ] {
        let new = ask(malformed).await;
        assert_ne!(new.trace_id, sent.trace_id);
        assert!(!new.sampled, "no one records it");
    }
}

//! Pages of other origins.

use crate::support::{Answer, Settings, TestApp, issuer::TestIssuer};

const ORIGIN: &str = "https://app.example.org";

async fn start() -> TestApp {
    let issuer = TestIssuer::start().await;
    let cors_origins = vec![ORIGIN.to_owned(), "http://localhost:3000".to_owned()];
    TestApp::with(Settings { auth: issuer.auth(), cors_origins, ..Default::default() }).await
}

fn cors_headers(answer: &Answer) -> Vec<&str> {
    let names = answer.headers.keys().map(axum::http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "authorization,content-type,if-match"),
    ];
    app.request("OPTIONS", path, &headers, "").await
}

#[tokio::test]
async fn without_the_setting_there_is_no_cors_header() {
    let app = TestApp::start().await;
    let answer = app.request("GET", "/users", &[("origin", ORIGIN)], "").await;
    assert_eq!(cors_headers(&answer), [""; 0]);
    assert!(answer.header("vary").is_empty());
    preflight(&app, ORIGIN, "/users").await.is(405, "method-not-allowed");
}

#[tokio::test]
async fn a_preflight_of_an_allowed_origin_needs_no_token() {
    let app = start().await;
    for path in ["/user", "/users", "/users/a", "/avatars/a/b.png"] {
        let answer = preflight(&app, ORIGIN, path).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(answer.header("access-control-allow-methods"), "GET,HEAD,POST,PUT,PATCH,DELETE");
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "authorization,content-type,idempotency-key,if-match,if-none-match,range,x-request-id,traceparent"
        );
        assert_eq!((answer.header("access-control-max-age"), answer.header("vary")), ("7200", "origin"));
        assert!(answer.header("access-control-allow-credentials").is_empty());
    }
}

#[tokio::test]
async fn only_pages_of_allowed_origins_can_read_a_response() {
    let app = start().await;
    // A refusal, a document, an image that is not there, a path that is not there.
    for path in ["/users", "/healthz", "/avatars/a/b.png", "/nothing"] {
        let headers = [("origin", "http://localhost:3000")];
        let answer = app.request("GET", path, &headers, "").await;
        assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000", "{path}");
        assert_eq!(
            answer.header("access-control-expose-headers"),
            "etag,link,location,retry-after,x-request-id,www-authenticate,content-range,accept-ranges"
        );
        for origin in ["https://evil.example.org", "null", "https://app.example.org.evil.example"] {
            for answer in [
                app.request("GET", path, &[("origin", origin)], "").await,
                preflight(&app, origin, path).await,
            ] {
                assert!(answer.header("access-control-allow-origin").is_empty(), "{origin} {path}");
                // A cache must not give the answer of one origin to another.
                assert!(answer.header("vary").contains("origin"), "{path}");
            }
        }
        assert!(app.get(path).await.header("vary").contains("origin"));
    }
}

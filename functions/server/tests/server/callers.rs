//! Which requests are answered on loopback without authentication.

use web::Callers;

use crate::support::{
    Answer, Settings, TestApp, document,
    form::Form,
    pictures,
    running::{Running, command},
};

const PUBLIC: &str = "https://users.example.org";
const PAGE: &str = "https://app.example.org";

async fn start() -> TestApp {
    let cors_origins = vec![PAGE.to_owned()];
    let callers = Callers::on_loopback(Some(PUBLIC), &cors_origins);
    TestApp::with(Settings { cors_origins, callers, ..Default::default() }).await
}

async fn ask(app: &TestApp, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    app.request(method, path, headers, "").await
}

fn is_open(path: &str) -> bool {
    ["/avatar/", "/avatars/"].iter().any(|open| path.starts_with(open))
        || ["/healthz", "/readyz"].contains(&path)
}

#[tokio::test]
async fn every_operation_except_pictures_and_probes_refuses_other_hosts_and_origins() {
    let app = start().await;
    let mut refused = 0;
    for (path, item) in document()["paths"].as_object().unwrap() {
        let path = path
            .replace("{id}", &"0".repeat(64))
            .replace("{hash}", &"0".repeat(64))
            .replace("{file}", "x.png");
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase();
            let named = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
            assert_eq!(named.contains("urn:roster:problem:foreign-site"), !is_open(&path), "{method} {path}");
            for headers in [
                &[("host", "evil.example.org")][..],
                &[("host", "evil.example.org:8080")],
                &[],
                &[("host", "localhost:8080"), ("origin", "https://evil.example.org")],
                &[("host", "localhost:8080"), ("origin", "null")],
                &[("host", "users.example.org"), ("origin", "http://users.example.org")],
            ] {
                let answer = ask(&app, &method, &path, headers).await;
                if is_open(&path) {
                    assert_ne!(answer.status, 403, "{method} {path}: {answer:?}");
                } else {
                    answer.is(403, "foreign-site");
                    assert!(answer.header("www-authenticate").is_empty());
                    refused += 1;
                }
            }
            for headers in [
                &[("host", "localhost:8080")][..],
                &[("host", "[::1]:8080"), ("origin", "http://localhost:3000")],
                &[("host", "users.example.org"), ("origin", PUBLIC)],
                &[("host", "127.0.0.1"), ("origin", PAGE)],
            ] {
                assert_ne!(ask(&app, &method, &path, headers).await.status, 403, "{method} {path}");
            }
        }
    }
    assert!(refused >= 6 * 9, "{refused}");
}

#[tokio::test]
async fn only_preflights_for_known_pages_are_accepted() {
    let app = start().await;
    let preflight = async |origin: &str| {
        let headers =
            [("host", "localhost:8080"), ("origin", origin), ("access-control-request-method", "PATCH")];
        ask(&app, "OPTIONS", "/users", &headers).await
    };
    let refused = preflight("https://evil.example.org").await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert!(refused.header("access-control-allow-origin").is_empty());
    let known = preflight(PAGE).await;
    assert_eq!((known.status.as_u16(), known.header("access-control-allow-origin")), (200, PAGE));
}

#[tokio::test]
async fn a_form_of_another_site_creates_no_user() {
    let app = start().await;
    let form =
        || Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).header("host", "127.0.0.1:8080");
    app.post(form().header("origin", "https://evil.example.org")).await.is(403, "foreign-site");
    let answer = app.post(form().header("origin", "http://127.0.0.1:8080")).await;
    assert_eq!(answer.status, 201, "{answer:?}");
}

#[test]
fn hosts_are_checked_only_on_loopback_without_authentication() {
    let host = |running: &Running, path: &str, host: &str| {
        running.request_with(&format!("GET {path}"), &[("host", host)], b"").unwrap().0
    };
    let folder = tempfile::tempdir().unwrap();
    let running = Running::start(folder.path());
    for (path, name, status) in [
        ("/users", "localhost", 200),
        ("/users", "evil.example.org", 403),
        ("/nothing", "evil.example.org", 403),
        ("/docs", "evil.example.org", 403),
        ("/readyz", "evil.example.org", 200),
    ] {
        assert_eq!(host(&running, path, name), status, "{path} at {name}");
    }
    let metrics = |name: &str| {
        Running::request_at(&running.management, "GET /metrics", &[("host", name)], b"").unwrap().0
    };
    assert_eq!((metrics("localhost:8081"), metrics("evil.example.org")), (200, 403));
    drop(running);

    let mut named = command(folder.path());
    let running = Running::spawn(named.env("ROSTER_PUBLIC_URL", PUBLIC).stderr(std::process::Stdio::null()));
    assert_eq!(
        (host(&running, "/users", "users.example.org"), host(&running, "/users", "evil.org")),
        (200, 403)
    );
    drop(running);

    // Other machines reach it, by any name.
    let mut open = command(folder.path());
    open.env("ROSTER_LISTEN", "0.0.0.0:0").env("ROSTER_AUTH", "off").stderr(std::process::Stdio::null());
    let running = Running::spawn(&mut open);
    let address = running.address.replace("localhost", "127.0.0.1");
    let (status, _) =
        Running::request_at(&address, "GET /users", &[("host", "users.internal")], b"").expect("an answer");
    assert_eq!(status, 200);
}

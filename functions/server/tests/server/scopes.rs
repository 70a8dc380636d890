//! Which scopes a token needs, for every operation of the document.

use axum::http::Method;
use serde_json::{Value, json};
use web::auth::GatewayClaims;

use crate::support::{Answer, Settings, TestApp, document, form::Form, issuer::TestIssuer, pictures};

/// Every operation: method, a matching path, and its entry in the document.
fn operations() -> Vec<(String, String, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let path = path.replace("{id}", &"0".repeat(64)).replace("{file}", "x.png");
        let path = path.replace("{upload}", "00000000-0000-4000-8000-000000000000");
        let methods = item.as_object().unwrap().iter();
        methods.map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation))
    });
    operations.collect()
}

async fn send(app: &TestApp, method: &str, path: &str, token: Option<&str>) -> Answer {
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<_> = bearer.iter().map(|bearer| ("authorization", bearer.as_str())).collect();
    app.request(method, path, &headers, "").await
}

#[tokio::test]
async fn every_operation_on_users_requires_its_scope_and_every_other_is_open() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let read = issuer.token_with(json!({"scope": "users:read"}));
    let write = issuer.token_with(json!({"scope": "users:write"}));
    let mut guarded = 0;
    for (method, path, operation) in operations() {
        // The name of a direct upload is the right to send it.
        let on_users =
            ["/user", "/users", "/uploads"].contains(&path.as_str()) || path.starts_with("/users/");
        if !on_users {
            assert!(operation["security"].is_null(), "{method} {path}");
            let answer = send(&app, &method, &path, None).await;
            assert!(!matches!(answer.status.as_u16(), 401 | 403), "{method} {path}: {answer:?}");
            continue;
        }
        guarded += 1;
        let (scope, good, other) =
            if method == "GET" { ("users:read", &read, &write) } else { ("users:write", &write, &read) };
        assert_eq!(operation["security"], json!([{"token": [scope]}]), "{method} {path}");

        let without = send(&app, &method, &path, None).await;
        without.is(401, "unauthorized");
        assert_eq!(without.header("www-authenticate"), "Bearer realm=\"roster\"");
        let lacking = send(&app, &method, &path, Some(other)).await;
        lacking.is(403, "forbidden");
        assert_eq!(
            lacking.header("www-authenticate"),
            format!("Bearer realm=\"roster\", error=\"insufficient_scope\", scope=\"{scope}\"")
        );
        let allowed = send(&app, &method, &path, Some(good)).await;
        assert!(!matches!(allowed.status.as_u16(), 401 | 403), "{method} {path}: {allowed:?}");
    }
    assert_eq!(guarded, 8);
    assert_eq!(send(&app, "HEAD", "/users", None).await.status, 401);
    assert_eq!(send(&app, "HEAD", "/users", Some(&read)).await.status, 200);
}

#[tokio::test]
async fn no_shared_cache_may_store_a_response_that_needs_a_token() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let bearer = format!("Bearer {}", issuer.token());
    let token = ("authorization", bearer.as_str());
    let form = Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    let created = app.post(form.header("authorization", &bearer)).await;
    let path = format!("/users/{}", created.json()["id"].as_str().unwrap());
    let user = app.request("GET", &path, &[token], "").await;
    let known = ("if-none-match", user.header("etag"));
    let json = ("content-type", "application/json");
    let mut answers = vec![
        (201, created),
        (304, app.request("GET", &path, &[token, known], "").await),
        (200, app.request("GET", "/users", &[token], "").await),
        (200, app.request("HEAD", "/users", &[token], "").await),
        (200, app.request("GET", "/users?limit=1", &[token], "").await),
        (200, app.request("PATCH", &path, &[token, json], r#"{"name": "Countess"}"#).await),
        (204, app.request("DELETE", &format!("{path}/avatar"), &[token], "").await),
        (204, app.request("DELETE", &path, &[token], "").await),
    ];
    answers.push((200, user));
    for (status, answer) in answers {
        assert_eq!(
            (answer.status.as_u16(), answer.header("cache-control")),
            (status, "private, no-cache"),
            "{answer:?}"
        );
    }
    // No cache may store a problem.
    for (method, path, headers) in [
        ("GET", "/users", &[][..]),
        ("GET", "/users?limit=0", &[token]),
        ("GET", path.as_str(), &[token]),
        ("POST", "/user", &[token]),
    ] {
        let answer = app.request(method, path, headers, "").await;
        assert!(answer.status.is_client_error(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
    }
}

#[tokio::test]
async fn paths_and_methods_that_do_not_exist_need_no_token() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    for path in ["/users/", "/users/a/b", "/user/a"] {
        app.get(path).await.is(404, "not-found");
    }
    for (method, path) in [("POST", "/users"), ("OPTIONS", "/users"), ("GET", "/user"), ("OPTIONS", "/user")]
    {
        app.request(method, path, &[], "").await.is(405, "method-not-allowed");
    }
}

#[tokio::test]
async fn a_user_is_managed_with_tokens_and_its_picture_is_public() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let form = Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    app.post(form.clone()).await.is(401, "unauthorized");
    let bearer = format!("Bearer {}", issuer.token());
    let created = app.post(form.header("authorization", &bearer)).await;
    assert_eq!(created.status, 201, "{created:?}");
    assert_eq!(app.image(&created.json()["avatar_url"]).await.status, 200);
    let path = format!("/users/{}", created.json()["id"].as_str().unwrap());
    app.request("DELETE", &path, &[], "").await.is(401, "unauthorized");
    assert_eq!(send(&app, "DELETE", &path, Some(&issuer.token())).await.status, 204);
}

#[tokio::test]
async fn the_body_of_a_request_with_an_invalid_token_is_not_read() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let never = axum::body::Body::from_stream(futures_util::stream::pending::<std::io::Result<Vec<u8>>>());
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    app.request("POST", "/user", &headers, never).await.is(401, "unauthorized");
}

#[tokio::test]
async fn claims_verified_by_a_gateway_replace_a_token() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let send = async |method: Method, claims: &[(&str, &str)]| {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut request = axum::http::Request::new(axum::body::Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = format!("/users/{}", "0".repeat(64)).parse().unwrap();
        request.extensions_mut().insert(GatewayClaims::new(claims));
        app.send(request).await
    };
    let (origin, scope) = (("iss", issuer.url.as_str()), ("scope", "openid users:read"));
    let (audience, expires) = (("aud", "[other roster]"), ("exp", "4102444800"));
    let claims = [origin, audience, expires, scope];
    send(Method::GET, &claims).await.is(404, "not-found");
    send(Method::DELETE, &claims).await.is(403, "forbidden");
    send(Method::GET, &[("iss", "https://issuer.example.org"), audience, expires, scope])
        .await
        .is(401, "unauthorized");
    send(Method::GET, &[origin, audience, ("exp", "1600000000"), scope]).await.is(401, "unauthorized");
}

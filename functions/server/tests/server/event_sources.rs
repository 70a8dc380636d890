//! Every route answers the same through the container's router and through each event source of the
//! functions.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use runtime_api::{ClientRequest, ClientResponse, EventSource};
use serde_json::{Value, json};
use storage::conformance::sample;
use web::Auth;

use crate::support::{
    BASE, Settings, TestApp,
    deployment::Deployment,
    document,
    form::Form,
    issuer::{AUDIENCE, TestIssuer},
    pictures,
};

/// A small upload limit, so that the image that is too large can be small.
const MAX_UPLOAD_BYTES: usize = 20_000;

/// Pages of this origin may call the API.
const ORIGIN: &str = "https://app.example.org";

/// Anyone may read and write users.
fn settings() -> Settings {
    Settings {
        cors_origins: vec![ORIGIN.to_owned()],
        max_upload_bytes: MAX_UPLOAD_BYTES,
        demo: true,
        ..Settings::default()
    }
}

/// Users need a token, and no one has one.
fn with_tokens() -> Settings {
    let (issuer, audience) = ("http://127.0.0.1:1".to_owned(), "roster".to_owned());
    let auth = Auth::new(&runtime::config::Auth::Oidc { issuer, audience }).unwrap();
    Settings { auth, ..settings() }
}

fn request(method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> ClientRequest {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    ClientRequest { method: method.to_owned(), target: target.to_owned(), headers, body: body.into() }
}

fn form(form: &Form) -> ClientRequest {
    request("POST", "/user", &[("content-type", &Form::content_type())], form.bytes())
}

/// The requests to a Roster that holds Ada, in this order: later requests see the effects of earlier ones.
fn requests(id: &str, image: &str, tag: &str) -> Vec<ClientRequest> {
    let (user, avatar) = (format!("/users/{id}"), format!("/users/{id}/avatar"));
    let get = |target: &str, headers: &[(&str, &str)]| request("GET", target, headers, "");
    let patch = |media_type: &str, headers: &[(&str, &str)], body: &str| {
        let headers = [&[("content-type", media_type)], headers].concat();
        request("PATCH", &user, &headers, body)
    };
    let jpeg = pictures::small_jpeg();
    let merge = "application/merge-patch+json";
    let json = ("content-type", "application/json");
    let form_of = |name: &str, email: &str| Form::user(name, email, &jpeg);
    let browser = [("origin", ORIGIN), ("access-control-request-method", "GET")];
    let stranger = [("origin", "https://elsewhere.example.org"), ("access-control-request-method", "GET")];
    vec![
        // Lists.
        get("/users", &[]),
        get("/users?limit=1", &[("cookie", "a=b"), ("cookie", "c=d")]),
        get("/users?limit=1&limit=2", &[]),
        get("/users?limit=%31", &[]),
        get("/users?limit=0&cursor=%20+%26%C3%A9", &[]),
        get("/users?nothing", &[]),
        request("HEAD", "/users?limit=1", &[], ""),
        request("POST", "/users", &[], ""),
        request("OPTIONS", "/users", &browser, ""),
        request("OPTIONS", "/users", &stranger, ""),
        get("/users", &browser[..1]),
        get("/users", &[("authorization", "Bearer nothing")]),
        get("/users", &[("authorization", "Bearer a"), ("authorization", "Bearer b")]),
        // Creating.
        form(&form_of("Grace \"\u{1f980}\"\\ Hopper", "grace@example.org")),
        form(&form_of("Grace", "grace@example.org")),
        form(&form_of("", "no address")),
        form(&form_of("Too large", "large@example.org").file("more", &vec![0; 2 * MAX_UPLOAD_BYTES])),
        form(&Form::user("Too large", "large@example.org", &vec![0; 2 * MAX_UPLOAD_BYTES])),
        form(&Form::user("No image", "none@example.org", b"GIF89a\xff\xfe")),
        request("POST", "/user", &[("content-type", "text/plain")], "not a form"),
        request("POST", "/user", &[("content-type", &Form::content_type())], ""),
        form(&Form::default().text("name", "A").text("email", "a@example.org").text("upload", "unknown")),
        request("GET", "/user", &[], ""),
        get("/users?limit=1000", &[("x-request-id", "kept-1")]),
        // Direct uploads. What succeeds has random names.
        request("POST", "/uploads", &[json], "{}"),
        request("POST", "/uploads", &[json], r#"{"content_type": "image/jpeg", "size": 20001}"#),
        request("GET", "/uploads", &[], ""),
        // One user.
        get(&user, &[]),
        get(&user, &[("if-none-match", "*")]),
        get(&user, &[("if-none-match", "\"a\""), ("if-none-match", "*x")]),
        request("HEAD", &user, &[], ""),
        get(&format!("/users/{}", "0".repeat(64)), &[]),
        get("/users/%61", &[]),
        get("/users/", &[]),
        patch(merge, &[], r#"{"name": "Ada \"é\" King"}"#),
        patch(merge, &[("if-match", "\"0-0\"")], r#"{"name": "Ada"}"#),
        patch("text/plain", &[], "{}"),
        patch(merge, &[], r#"{"name": null}"#),
        patch(merge, &[], "["),
        request("POST", &user, &[], ""),
        // Images.
        get(image, &[]),
        get(image, &[("range", "bytes=2-99")]),
        get(image, &[("range", "bytes=999999-")]),
        get(image, &[("if-none-match", tag)]),
        get(image, &[("if-none-match", "\"another\""), ("if-none-match", tag)]),
        get(image, &[("if-match", "\"another\"")]),
        get(image, &[("range", "bytes=0-9"), ("if-range", tag)]),
        request("HEAD", image, &[], ""),
        request("DELETE", image, &[], ""),
        get(&image.replace(".jpg", "%2Ejpg"), &[]),
        get(&format!("/avatars/../{}", &image[1..]), &[]),
        get("/avatars/unknown/missing.png", &[]),
        get("/avatars", &[]),
    ]
    .into_iter()
    .chain(by_hash(id))
    .chain(final_requests(&user, &avatar, image, &jpeg, id))
    .collect()
}

/// Pictures by the hash of an e-mail.
fn by_hash(id: &str) -> Vec<ClientRequest> {
    let get = |target: &str, headers: &[(&str, &str)]| request("GET", target, headers, "");
    vec![
        get(&format!("/avatar/{id}"), &[]),
        get(&format!("/avatar/{id}?s=100"), &[("accept", "image/avif, image/webp")]),
        get(&format!("/avatar/{}.PNG?size=64", id.to_uppercase()), &[]),
        request("HEAD", &format!("/avatar/{id}?s=512"), &[], ""),
        get(&format!("/avatar/{id}?d=https%3A%2F%2Felsewhere.example.org%2F&f=y"), &[]),
        get(&format!("/avatar/{}?d=404", "0".repeat(32)), &[]),
        get(&format!("/avatar/{}?d=identicon&s=5", "0".repeat(32)), &[("if-none-match", "*")]),
        get("/avatar/unknown", &[]),
        get("/avatar/", &[]),
        request("POST", &format!("/avatar/{id}"), &[], ""),
    ]
}

/// Requests that change and erase the user, and requests for operation in between.
fn final_requests(user: &str, avatar: &str, image: &str, jpeg: &[u8], id: &str) -> Vec<ClientRequest> {
    let get = |target: &str, headers: &[(&str, &str)]| request("GET", target, headers, "");
    vec![
        request(
            "PUT",
            avatar,
            &[("content-type", "image/png")],
            pictures::picture(9, 9, 7, image::ImageFormat::Png),
        ),
        get(image, &[]),
        request("PUT", avatar, &[("content-type", "image/png")], "<svg/>"),
        request("PUT", avatar, &[("content-type", "application/json")], r#"{"upload": "unknown"}"#),
        request("PUT", avatar, &[("content-type", "image/png")], vec![0; 2 * MAX_UPLOAD_BYTES]),
        request(
            "PUT",
            avatar,
            &[("content-type", &Form::content_type())],
            Form::default().file("avatar", jpeg).bytes(),
        ),
        request("GET", avatar, &[], ""),
        request("DELETE", avatar, &[("if-match", "\"0-0\"")], ""),
        request("DELETE", avatar, &[], ""),
        request("DELETE", avatar, &[], ""),
        get("/users", &[]),
        get(&format!("/avatar/{id}?d=404"), &[]),
        // Operation.
        get("/healthz", &[]),
        get("/readyz", &[]),
        get("/openapi.json", &[]),
        get("/docs", &[]),
        get("/demo/hello", &[]),
        get("/demo/random-error", &[]),
        request("PUT", "/healthz", &[], "x"),
        get("/", &[]),
        get("/nothing/here?at=all", &[("x-request-id", "not kept")]),
        // Erasing.
        request("DELETE", user, &[("if-match", "\"0-0\"")], ""),
        request("DELETE", user, &[], ""),
        request("DELETE", user, &[], ""),
        get(user, &[]),
        get("/users", &[]),
    ]
}

/// A Roster that holds Ada, and the requests to it.
async fn start(settings: Settings) -> (TestApp, Vec<ClientRequest>) {
    let app = TestApp::with(settings).await;
    let ada = sample::with_image("ada", imaging_of(&pictures::small_jpeg()));
    let (key, _) = ada.avatar.for_user(ada.user().id);
    let tag = format!("\"{}\"", ada.avatar.image.digest);
    let user = sample::create(&app.connection.stores, ada).await;
    (app, requests(&user.id.to_string(), &format!("/{key}"), &tag))
}

/// The image as it is stored.
fn imaging_of(jpeg: &[u8]) -> domain::Image {
    imaging::inspect(bytes::Bytes::copy_from_slice(jpeg)).unwrap().clean().unwrap()
}

async fn through_the_router(app: &TestApp, request: &ClientRequest) -> ClientResponse {
    let mut builder = Request::builder().method(request.method.as_str()).uri(&request.target);
    for (name, value) in &request.headers {
        builder = builder.header(name, value);
    }
    let answer = app.send(builder.body(Body::from(request.body.clone())).unwrap()).await;
    let names: BTreeSet<_> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
    let value = |name: &String| {
        let values: Vec<_> =
            answer.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        values.join(", ")
    };
    let headers = names.iter().map(|name| (name.clone(), value(name))).collect();
    ClientResponse { status: answer.status.as_u16(), headers, body: answer.body.to_vec() }
}

/// Without what always differs: times, UUIDs of uploads, problems and requests, digests of lists with such
/// UUIDs, and the framing of a body.
fn normalized(mut response: ClientResponse) -> ClientResponse {
    // A stream has no length, a whole response has one; the length of a user varies with the format of its
    // times.
    let is_user = response.headers.iter().any(|(name, value)| name == "etag" && value.contains('-'));
    let is_json =
        response.headers.iter().any(|(name, value)| name == "content-type" && value == "application/json");
    if is_user || !response.body.is_empty() {
        response.headers.retain(|(name, _)| name != "content-length");
    }
    for (name, value) in &mut response.headers {
        *value = without_uuids(value);
        if name == "etag" && value.contains('-') {
            // For a user: version and creation time.
            value.replace_range(value.find('-').unwrap().., "-time\"");
        } else if name == "etag" && is_json {
            // For a page of users: the digest of the body, which has uploads in it.
            "\"digest\"".clone_into(value);
        }
    }
    let Ok(text) = std::str::from_utf8(&response.body) else { return response };
    let mut text = without_uuids(text);
    if let Ok(Value::Object(mut members)) = serde_json::from_str(&text)
        && members.contains_key("updated_at")
    {
        for time in ["created_at", "updated_at"] {
            assert!(members.insert(time.to_owned(), "time".into()).is_some());
        }
        text = serde_json::to_string(&members).unwrap();
    }
    response.body = text.into_bytes();
    response
}

fn without_uuids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.get(..36).is_some_and(is_uuid) {
            out.push_str("uuid");
            rest = &rest[36..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

fn is_uuid(text: &str) -> bool {
    text.char_indices().all(|(at, character)| match at {
        8 | 13 | 18 | 23 => character == '-',
        _ => character.is_ascii_hexdigit(),
    })
}

/// What an event source changes by itself, as in `docs/lambda.md`.
fn is_an_exception(source: EventSource, request: &ClientRequest) -> bool {
    let repeated = request.target.contains("limit=1&limit=2")
        || request.headers.windows(2).any(|pair| pair[0].0 == pair[1].0 && pair[0].0 != "cookie");
    // It joins the values of a header: two tokens become one invalid token.
    let joins = matches!(source, EventSource::HttpApi | EventSource::HttpApiStage | EventSource::FunctionUrl);
    (source == EventSource::Alb && repeated) || (joins && has_two_tokens(request))
}

fn has_two_tokens(request: &ClientRequest) -> bool {
    request.headers.iter().filter(|(name, _)| name == "authorization").count() == 2
}

/// The request with a random answer.
fn is_random(request: &ClientRequest) -> bool {
    request.target == "/demo/random-error"
}

#[tokio::test]
async fn every_request_has_the_same_response_through_each_event_source() {
    compare(settings, None).await;
}

#[tokio::test]
async fn without_a_token_every_request_has_the_same_response_too() {
    compare(with_tokens, None).await;
}

#[tokio::test]
async fn with_a_token_every_request_is_answered_as_without_authentication() {
    let issuer = TestIssuer::start().await;
    let statuses = compare(|| Settings { auth: issuer.auth(), ..settings() }, Some(&issuer.token())).await;
    let (app, all) = start(settings()).await;
    for (request, status) in all.iter().zip(statuses) {
        let open = through_the_router(&app, request).await.status;
        let brings_its_own = request.headers.iter().any(|(name, _)| name == "authorization");
        let expected = if brings_its_own { 401 } else { open };
        assert!(status == expected || is_random(request), "{request:?}: {status} for {expected}");
    }
}

#[tokio::test]
async fn claims_verified_by_an_http_api_replace_a_token() {
    let issuer = TestIssuer::start().await;
    let settings = Settings { auth: issuer.auth(), ..settings() };
    let app = TestApp::start().await;
    let deployment = Deployment::new(&app.connection.stores, settings);
    let user = format!("/users/{}", "0".repeat(64));
    let claims =
        json!({"iss": issuer.url, "aud": AUDIENCE, "exp": "4102444800", "scope": "openid users:read"});
    let verified = json!({"jwt": {"claims": claims, "scopes": null}});
    for (method, target, claimed, anonymous) in [
        ("GET", "/users", 200, 401),
        ("GET", &user, 404, 401),
        ("PATCH", &user, 403, 401),
        ("POST", "/user", 403, 401),
    ] {
        let mut event = EventSource::HttpApi.event(&request(method, target, &[], ""));
        let refused = deployment.invoke(EventSource::HttpApi, target, event.clone()).await;
        assert_eq!(refused.status, anonymous, "{method} {target}");
        event["requestContext"]["authorizer"] = verified.clone();
        let answer = deployment.invoke(EventSource::HttpApi, target, event).await;
        assert_eq!(answer.status, claimed, "{method} {target}: {answer:?}");
    }
}

/// Sends each request through the router and each event source, with this token if it has none. Returns the
/// statuses.
async fn compare(settings: impl Fn() -> Settings, token: Option<&str>) -> Vec<u16> {
    let (app, mut all) = start(settings()).await;
    let add_token = |all: &mut Vec<ClientRequest>| {
        for request in all {
            if let Some(token) = token
                && request.headers.iter().all(|(name, _)| name != "authorization")
            {
                request.headers.push(("authorization".to_owned(), format!("Bearer {token}")));
            }
        }
    };
    add_token(&mut all);
    let mut expected = Vec::new();
    for request in &all {
        expected.push(normalized(through_the_router(&app, request).await));
    }
    for source in EventSource::ALL {
        let (app, mut all) = start(settings()).await;
        add_token(&mut all);
        let deployment = Deployment::new(&app.connection.stores, settings());
        for (request, expected) in all.iter().zip(&expected) {
            let response = normalized(deployment.send(source, request).await);
            let what = format!("{source:?}: {} {} {:?}", request.method, request.target, request.headers);
            if is_random(request) {
                assert!(matches!(response.status, 200 | 500), "{what}: {response:?}");
                continue;
            }
            if is_an_exception(source, request) {
                // Worded differently, or as if only the last value had been sent; but an invalid token stays
                // invalid.
                assert!(!has_two_tokens(request) || response.status == expected.status, "{what}");
                continue;
            }
            assert_eq!((response.status, &response.headers), (expected.status, &expected.headers), "{what}");
            assert!(response.body == expected.body, "{what}: {response:?}\n{expected:?}");
        }
    }
    expected.iter().map(|response| response.status).collect()
}

#[tokio::test]
async fn the_requests_cover_the_document() {
    let (_app, all) = start(settings()).await;
    for (template, operations) in document()["paths"].as_object().unwrap() {
        // The functions have no such route: their bytes go to S3.
        if template == "/uploads/{upload}" {
            continue;
        }
        for method in operations.as_object().unwrap().keys() {
            let fits = |request: &&ClientRequest| {
                let path = request.target.split('?').next().unwrap();
                let (template, path): (Vec<_>, Vec<_>) =
                    (template.split('/').collect(), path.split('/').collect());
                let segments = template.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p);
                request.method.eq_ignore_ascii_case(method) && template.len() == path.len() && segments
            };
            assert!(all.iter().any(|request| fits(&request)), "nothing asks {method} {template}");
        }
    }
}

#[tokio::test]
async fn a_walk_over_a_cut_list_returns_every_user_once() {
    const USERS: usize = 25_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, USERS).unwrap();
    let app = TestApp::on(folder, &path, settings()).await;
    let deployment = Deployment::new(&app.connection.stores, settings());
    for (source, max_bytes) in [(EventSource::HttpApi, 5_500_000), (EventSource::AlbMultiValue, 900_000)] {
        let (mut target, mut answers, mut met) = (Some("/users".to_owned()), 0, BTreeSet::new());
        while let Some(at) = target {
            let response = deployment.send(source, &request("GET", &at, &[], "")).await;
            let text = std::str::from_utf8(&response.body).unwrap();
            // Without the quotes around it.
            assert!(serde_json::to_string(text).unwrap().len() - 2 <= max_bytes);
            let users: Vec<Value> = serde_json::from_str(text).unwrap();
            for user in users {
                assert!(met.insert(user["email"].as_str().unwrap().to_owned()), "{user} came twice");
            }
            answers += 1;
            let link = response.headers.iter().find(|(name, _)| name == "link");
            target = link.map(|(_, link)| {
                let target = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
                target.strip_prefix(BASE).unwrap().to_owned()
            });
            // From here on pages of 1,000: the first response shows how much fits.
            if answers == 1 {
                assert!(text.len() > max_bytes * 8 / 10, "{}", text.len());
            }
        }
        assert_eq!(met.len(), USERS, "{source:?}");
    }
}

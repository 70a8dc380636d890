//! The issuer's keys: rotated, unreachable, wrong.

use std::{
    fs::File,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{
    Answer, Settings, TestApp,
    issuer::{AUDIENCE, TestIssuer, signed},
    keys::Key,
    running::{Running, command, output},
};

async fn start(issuer: &TestIssuer) -> TestApp {
    TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await
}

async fn list(app: &TestApp, token: &str) -> Answer {
    app.request("GET", "/users", &[("authorization", &format!("Bearer {token}"))], "").await
}

/// A token signed with a key that the issuer never had.
fn stranger(issuer: &TestIssuer, id: &str) -> String {
    signed(&Key::new(id, "ES256"), "ES256", &json!({"alg": "ES256", "kid": id}), &issuer.claims(json!({})))
}

#[tokio::test]
async fn a_rotated_key_is_accepted_at_once_and_its_predecessor_is_not() {
    let issuer = TestIssuer::start().await;
    let app = start(&issuer).await;
    let before = issuer.token();
    assert_eq!(list(&app, &before).await.status, 200);
    issuer.rotate(Key::new("second", "ES256"));
    assert_eq!(list(&app, &issuer.token()).await.status, 200);
    list(&app, &before).await.is(401, "unauthorized");
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn a_burst_of_unknown_keys_fetches_the_keys_once() {
    let issuer = TestIssuer::start().await;
    let app = start(&issuer).await;
    assert_eq!(list(&app, &issuer.token()).await.status, 200);
    let tokens: Vec<_> = (0..50).map(|id| stranger(&issuer, &format!("stranger-{id}"))).collect();
    let answers = futures_util::future::join_all(tokens.iter().map(|token| list(&app, token))).await;
    for answer in answers {
        answer.is(401, "unauthorized");
        assert!(answer.json()["detail"].as_str().unwrap().contains("key is unknown"));
    }
    for token in &tokens[..5] {
        list(&app, token).await.is(401, "unauthorized");
    }
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test]
async fn while_the_issuer_is_down_known_keys_work_and_unknown_ones_are_a_503() {
    let issuer = TestIssuer::start().await;
    let app = start(&issuer).await;
    assert_eq!(list(&app, &issuer.token()).await.status, 200);
    issuer.switch_off();
    let answer = list(&app, &stranger(&issuer, "stranger")).await;
    answer.is(503, "issuer-unavailable");
    assert_eq!(answer.header("retry-after"), "5");
    assert!(answer.header("www-authenticate").is_empty());
    assert_eq!(list(&app, &issuer.token()).await.status, 200);
    list(&app, &issuer.token_with(json!({"exp": 1}))).await.is(401, "unauthorized");
    list(&app, &stranger(&issuer, "stranger")).await.is(503, "issuer-unavailable");
    assert_eq!(issuer.fetches(), 2, "a failing issuer is not asked again for a while");
    assert_eq!(app.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn key_fetches_are_retried_until_the_issuer_is_up() {
    let issuer = TestIssuer::start().await;
    issuer.switch_off();
    let app = start(&issuer).await;
    list(&app, &issuer.token()).await.is(503, "issuer-unavailable");
    issuer.switch_on();
    let deadline = Instant::now() + Duration::from_secs(30);
    while list(&app, &issuer.token()).await.status != 200 {
        assert!(Instant::now() < deadline, "the keys never came");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn requests_wait_for_the_first_keys() {
    let issuer = TestIssuer::start().await;
    issuer.hold(true);
    let app = start(&issuer).await;
    let token = issuer.token();
    let answers = futures_util::future::join_all((0..10).map(|_| list(&app, &token)));
    let release = async {
        while issuer.fetches() == 0 {
            tokio::task::yield_now().await;
        }
        issuer.hold(false);
    };
    let (answers, ()) = futures_util::future::join(answers, release).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test]
async fn an_invalid_configuration_or_key_set_is_refused() {
    for (member, value) in [
        ("issuer", "https://issuer.example.org"),
        ("issuer", "http://127.0.0.1"),
        ("jwks_uri", "file:///etc/passwd"),
        ("jwks_uri", "http://127.0.0.1:1/keys"),
    ] {
        let issuer = TestIssuer::start().await;
        issuer.configure(member, value);
        let app = start(&issuer).await;
        list(&app, &issuer.token()).await.is(503, "issuer-unavailable");
    }
    for keys in ["", "<html>", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#] {
        let issuer = TestIssuer::start().await;
        issuer.publish(keys);
        let app = start(&issuer).await;
        list(&app, &issuer.token()).await.is(503, "issuer-unavailable");
    }
}

#[tokio::test]
async fn keys_are_fetched_from_loopback_or_over_tls_and_without_redirects() {
    let issuer = TestIssuer::start().await;
    let port = issuer.url.rsplit(':').next().unwrap().to_owned();
    for (keys, is_read) in [
        (format!("http://127.0.0.1:{port}/keys"), true),
        // The same issuer, by an address that is not loopback.
        (format!("http://0.0.0.0:{port}/keys"), false),
        (format!("http://127.0.0.1:{port}/moved"), false),
    ] {
        issuer.configure("jwks_uri", &keys);
        let app = start(&issuer).await;
        let answer = list(&app, &issuer.token()).await;
        assert_eq!(answer.status, if is_read { 200 } else { 503 }, "{keys}: {answer:?}");
    }
}

#[test]
fn an_issuer_without_tls_fails_the_start_with_64_and_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path());
    command
        .env("ROSTER_AUTH", "oidc")
        .env("ROSTER_AUTH_ISSUER", "http://issuer.example.org")
        .env("ROSTER_AUTH_AUDIENCE", AUDIENCE);
    let refused = output(&mut command);
    let line = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((refused.status.code(), line.lines().count()), (Some(64), 1), "{line}");
    let words = "roster: ROSTER_AUTH_ISSUER: `http://issuer.example.org` must be an https:// URL";
    assert!(line.starts_with(words), "{line}");
}

#[tokio::test]
async fn an_endless_key_set_is_not_read() {
    let issuer = TestIssuer::start().await;
    let good = crate::support::issuer::set(&[&issuer.key.lock().unwrap()]);
    issuer.publish(&format!("{good}{}", " ".repeat(8 << 20)));
    let app = start(&issuer).await;
    list(&app, &issuer.token()).await.is(503, "issuer-unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_contains_no_token_and_no_claims() {
    let issuer = TestIssuer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut command = command(folder.path());
    command
        .env("ROSTER_AUTH", "oidc")
        .env("ROSTER_AUTH_ISSUER", &issuer.url)
        .env("ROSTER_AUTH_AUDIENCE", AUDIENCE)
        .env("RUST_LOG", "trace")
        .stderr(File::create(&log).unwrap());
    let good = issuer.token();
    let tampered = format!("{good}x");
    let claim = issuer.token_with(json!({"exp": "lovelace@example.org"}));
    let tokens = [
        (&good, 200),
        (&tampered, 401),
        (&claim, 401),
        (&stranger(&issuer, "lovelace"), 401),
        (&issuer.token_with(json!({"scope": "lovelace"})), 403),
        (&issuer.token_with(json!({"aud": "lovelace"})), 401),
        (&"lovelace".to_owned(), 401),
    ];
    tokio::task::block_in_place(|| {
        let mut running = Running::spawn(&mut command);
        for (token, status) in &tokens {
            let bearer = format!("Bearer {token}");
            let headers = [("Authorization", bearer.as_str())];
            assert_eq!(running.request_with("GET /users", &headers, b"").unwrap().0, *status);
        }
        running.signal("-TERM");
        assert!(running.child.wait().unwrap().success());
    });

    let text = std::fs::read_to_string(&log).unwrap();
    for (token, _) in &tokens {
        for part in token.split('.').filter(|part| !part.is_empty()) {
            assert!(!text.contains(part), "a part of a token is in the log: {part}");
        }
    }
    for secret in ["lovelace", "example.org", "Bearer ey"] {
        assert!(!text.contains(secret), "{secret} is in the log");
    }
    let causes = text.lines().filter(|line| line.contains("invalid token: ")).count();
    assert_eq!(causes, 5, "each refusal has a reason");
}

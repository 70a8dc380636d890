//! Which tokens are valid.

use serde_json::{Value, json};

use crate::support::{
    Answer, Settings, TestApp,
    issuer::{AUDIENCE, TestIssuer, now, set, signed},
    keys::{Key, base64},
};

async fn start() -> (TestIssuer, TestApp) {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    (issuer, app)
}

async fn list(app: &TestApp, token: &str) -> Answer {
    app.request("GET", "/users", &[("authorization", &format!("Bearer {token}"))], "").await
}

/// Asserts that it is a refusal, with the error of the RFC and a detail of Roster.
#[track_caller]
fn refused(answer: &Answer, why: &str) {
    answer.is(401, "unauthorized");
    assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"roster\", error=\"invalid_token\"");
    let detail = answer.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(why), "{detail:?} says nothing of {why:?}");
}

#[tokio::test]
async fn a_token_of_each_algorithm_is_valid_and_a_tampered_one_is_not() {
    let (issuer, app) = start().await;
    let rsa = Key::new("rsa", "RS256");
    let keys = [Key::new("p256", "ES256"), Key::new("p384", "ES384"), Key::new("ed", "EdDSA")];
    issuer.publish(&set(&[&rsa, &keys[0], &keys[1], &keys[2]]));
    let rsa_algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"].map(|name| (name, &rsa));
    let others = [("ES256", &keys[0]), ("ES384", &keys[1]), ("EdDSA", &keys[2])];
    for (algorithm, key) in rsa_algorithms.into_iter().chain(others) {
        let header = json!({"alg": algorithm, "kid": key.id, "typ": "at+jwt"});
        let token = signed(key, algorithm, &header, &issuer.claims(json!({})));
        assert_eq!(list(&app, &token).await.status, 200, "{algorithm}");

        let parts: Vec<_> = token.split('.').collect();
        let better = base64(issuer.claims(json!({"sub": "root"})).to_string());
        refused(&list(&app, &format!("{}.{better}.{}", parts[0], parts[2])).await, "signature");
        refused(
            &list(&app, &format!("{}.{}.{}", parts[0], parts[1], base64("no signature"))).await,
            "signature",
        );
        refused(&list(&app, &format!("{}.{}.", parts[0], parts[1])).await, "signature");
    }
}

#[tokio::test]
async fn a_key_of_another_type_than_the_algorithm_verifies_nothing() {
    let (issuer, app) = start().await;
    let rsa = Key::new("rsa", "RS256");
    let first = issuer.key.lock().unwrap().clone();
    issuer.publish(&set(&[&rsa, &first]));
    let claims = issuer.claims(json!({}));
    let token = signed(&rsa, "RS256", &json!({"alg": "RS256", "kid": first.id}), &claims);
    refused(&list(&app, &token).await, "key is unknown");
    let token = signed(&first, "ES256", &json!({"alg": "ES256", "kid": "rsa"}), &claims);
    refused(&list(&app, &token).await, "key is unknown");
}

#[tokio::test]
async fn unsigned_and_hmac_tokens_are_invalid() {
    let (issuer, app) = start().await;
    let rsa = Key::new("rsa", "RS256");
    issuer.publish(&set(&[&rsa]));
    let claims = base64(issuer.claims(json!({})).to_string());
    for algorithm in ["none", "None", "nOnE", ""] {
        let header = base64(json!({"alg": algorithm, "kid": "rsa"}).to_string());
        refused(&list(&app, &format!("{header}.{claims}.")).await, "malformed");
    }
    // The public key, used as a secret.
    let public = rsa.jwk();
    let modulus = public["n"].as_str().unwrap();
    for secret in [public.to_string().into_bytes(), modulus.as_bytes().to_vec()] {
        let header = base64(json!({"alg": "HS256", "kid": "rsa"}).to_string());
        let message = format!("{header}.{claims}");
        let secret = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &secret);
        let signature = base64(aws_lc_rs::hmac::sign(&secret, message.as_bytes()));
        refused(&list(&app, &format!("{message}.{signature}")).await, "algorithm");
    }
}

#[tokio::test]
async fn each_claim_is_checked_and_clocks_may_differ_by_a_minute() {
    let (issuer, app) = start().await;
    let now = now();
    for (changes, why) in [
        (json!({"exp": now - 90}), "expired"),
        (json!({"exp": 0}), "expired"),
        (json!({"exp": null}), "lacks"),
        (json!({"exp": "tomorrow"}), "lacks"),
        (json!({"exp": -1}), "lacks"),
        (json!({"nbf": now + 90}), "not valid yet"),
        (json!({"nbf": "tomorrow"}), "malformed"),
        (json!({"iss": "https://issuer.example.org"}), "another issuer"),
        (json!({"iss": format!("{}/", issuer.url)}), "another issuer"),
        (json!({"iss": null}), "lacks"),
        (json!({"iss": [issuer.url, "https://issuer.example.org"]}), "another issuer"),
        (json!({"aud": "rosters"}), "another audience"),
        (json!({"aud": ["a", "b"]}), "another audience"),
        (json!({"aud": []}), "another audience"),
        (json!({"aud": null}), "lacks"),
        (json!({"aud": 7}), "lacks"),
    ] {
        let answer = list(&app, &issuer.token_with(changes.clone())).await;
        assert_eq!(answer.status, 401, "{changes}");
        refused(&answer, why);
    }
    for changes in [
        json!({"exp": now - 30}),
        json!({"exp": 4_102_444_800.5}),
        json!({"nbf": now + 30}),
        json!({"nbf": now - 90}),
        json!({"aud": ["other", AUDIENCE]}),
        json!({"scope": null, "scp": ["users:read"]}),
        json!({"scope": "openid", "scp": "users:read"}),
    ] {
        assert_eq!(list(&app, &issuer.token_with(changes.clone())).await.status, 200, "{changes}");
    }
}

#[tokio::test]
async fn anything_but_one_bearer_token_is_refused() {
    let (issuer, app) = start().await;
    let token = issuer.token();
    for value in ["", "Basic YWRhOnBhc3N3b3Jk", &token, &format!("Token {token}")] {
        let answer = app.request("GET", "/users", &[("authorization", value)], "").await;
        answer.is(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"roster\"", "{value:?}");
    }
    let none = app.get(&format!("/users?access_token={token}")).await;
    none.is(401, "unauthorized");
    assert_eq!(none.header("www-authenticate"), "Bearer realm=\"roster\"");

    for bad in ["", " ", "a", "a.b", "a.b.c", "..", "a.b.c.d", &format!("{token}.x"), &format!("{token} x")] {
        refused(&list(&app, bad).await, "malformed");
    }
    refused(&list(&app, &"a".repeat(100_000)).await, "16 kB");
    let padded = issuer.token_with(json!({"padding": "x".repeat(75_000)}));
    refused(&list(&app, &padded).await, "16 kB");
    let bearer = format!("Bearer {token}");
    let twice = [("authorization", bearer.as_str()), ("authorization", bearer.as_str())];
    refused(&app.request("GET", "/users", &twice, "").await, "several");
    assert_eq!(app.request("GET", "/users", &twice[..1], "").await.status, 200);
}

#[tokio::test]
async fn a_token_with_unknown_critical_headers_is_invalid() {
    let (issuer, app) = start().await;
    let key = issuer.key.lock().unwrap().clone();
    let claims = issuer.claims(json!({}));
    let token = |header: Value| signed(&key, "ES256", &header, &claims);
    let critical = token(json!({"alg": "ES256", "kid": key.id, "crit": ["exp"], "exp": 1}));
    refused(&list(&app, &critical).await, "extension");
    // A key in the token is ignored.
    let stranger = Key::new("first", "ES256");
    let header = json!({"alg": "ES256", "kid": key.id, "jwk": stranger.jwk(), "jku": "http://127.0.0.1:1"});
    refused(&list(&app, &signed(&stranger, "ES256", &header, &claims)).await, "signature");
    // Without a key id, the only matching key is used.
    assert_eq!(list(&app, &token(json!({"alg": "ES256"}))).await.status, 200);
}

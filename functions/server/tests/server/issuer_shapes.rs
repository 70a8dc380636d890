//! Tokens and keys in the shapes of the issuers that teams have, each from the documentation that its row names.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::{
    Settings, TestApp,
    issuer::{TestIssuer, now, signed},
    keys::{Key, base64},
};

/// A token of an issuer, and how it is answered.
struct Shape {
    issuer: &'static str,
    document: &'static str,
    /// Of `ROSTER_AUTH_ISSUER`, after the host.
    path: &'static str,
    audience: &'static str,
    algorithm: &'static str,
    header: Value,
    claims: Value,
    /// What its key has besides the numbers, `kid` and `use`; `null` removes one of these.
    key: Value,
    /// Of `GET /users`.
    status: u16,
}

const KEYCLOAK: &str = "https://www.keycloak.org/docs/latest/server_admin/#audience-support";
const AUTH0: &str = "https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles";
const AUTH0_KEYS: &str = "https://auth0.com/docs/secure/tokens/json-web-tokens/json-web-key-set-properties";
const ENTRA: &str = "https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference";
const ENTRA_ROLES: &str = "https://learn.microsoft.com/en-us/entra/identity-platform/scenario-protected-web-api-verification-scope-app-roles";
const ENTRA_KEYS: &str =
    "https://learn.microsoft.com/en-us/entra/identity-platform/access-tokens#validate-the-issuer";
const COGNITO: &str = "https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html";
const COGNITO_SCOPES: &str = "https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-define-resource-servers.html";
const DEX: &str = "https://dexidp.io/docs/configuration/custom-scopes-claims-clients/";
const OKTA: &str = "https://developer.okta.com/docs/concepts/auth-servers/";
const OKTA_TOKENS: &str = "https://developer.okta.com/docs/reference/api/oidc/#access-token";
const RFC_9068: &str = "https://www.rfc-editor.org/rfc/rfc9068#section-2";

#[allow(clippy::too_many_lines, reason = "a table")]
fn shapes() -> Vec<Shape> {
    let certificate =
        json!({"x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg", "x5c": [base64("a certificate")], "alg": null});
    let mut named = certificate.clone();
    named["issuer"] = "https://login.microsoftonline.com/{tenantid}/v2.0".into();
    vec![
        Shape {
            issuer: "Keycloak, with an audience mapper",
            document: KEYCLOAK,
            path: "/realms/people",
            audience: "roster",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "FJ86GcF3jTbNLOco4NvZkUCIUmfYCqoqtOQeMfbhNlE"}),
            claims: json!({
                "typ": "Bearer", "azp": "web", "aud": ["roster", "account"], "sid": "5e1c", "acr": "1",
                "realm_access": {"roles": ["offline_access"]}, "resource_access": {"account": {"roles": ["view-profile"]}},
                "scope": "openid email users:read", "allowed-origins": ["https://app.example.org"],
            }),
            key: json!({"alg": "RS256", "x5c": [base64("a certificate")], "x5t": "1Q", "x5t#S256": "2g"}),
            status: 200,
        },
        Shape {
            issuer: "Keycloak, a service account, with one audience and an EC key",
            document: KEYCLOAK,
            path: "/realms/people",
            audience: "roster",
            algorithm: "ES256",
            header: json!({"typ": "JWT", "kid": "ec"}),
            claims: json!({
                "typ": "Bearer", "azp": "robot", "client_id": "robot", "clientAddress": "10.0.0.1", "aud": "roster",
                "scope": "users:read profile",
            }),
            key: json!({"alg": "ES256"}),
            status: 200,
        },
        Shape {
            issuer: "Keycloak, without an audience mapper",
            document: KEYCLOAK,
            path: "/realms/people",
            audience: "roster",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "1"}),
            claims: json!({"typ": "Bearer", "azp": "roster", "client_id": "roster", "scope": "users:read"}),
            key: json!({"alg": "RS256"}),
            status: 401,
        },
        Shape {
            issuer: "Auth0, its own profile, an issuer with a trailing slash",
            document: AUTH0,
            path: "/",
            audience: "https://users.example.org",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "NTVBOTU3MzBBOEUwNzhBQ0VGMkQ0QUU5QTYxQUUyOUNEQUUxNjEyMw"}),
            claims: json!({
                "aud": ["https://users.example.org", "https://tenant.auth0.com/userinfo"], "azp": "my_client_id",
                "scope": "openid profile users:read", "gty": "password", "permissions": ["users:read"],
            }),
            key: json!({"alg": "RS256", "x5c": [base64("a certificate")], "x5t": "NTVBOTU3MzBBOEUwNzhBQ0VGMkQ0QUU5QTYxQUUyOUNEQUUxNjEyMw"}),
            status: 200,
        },
        Shape {
            issuer: "Auth0, the profile of RFC 9068",
            document: AUTH0,
            path: "/",
            audience: "https://users.example.org",
            algorithm: "RS256",
            header: json!({"typ": "at+jwt", "kid": "1"}),
            claims: json!({
                "aud": "https://users.example.org", "client_id": "my_client_id", "jti": "73WakrfVbNJcaAmhQtEeDv",
                "scope": "users:read users:write",
            }),
            key: json!({"alg": "RS256"}),
            status: 200,
        },
        Shape {
            issuer: "Auth0, with permissions that the client did not request as scopes",
            document: AUTH0_KEYS,
            path: "/",
            audience: "https://users.example.org",
            algorithm: "PS256",
            header: json!({"typ": "JWT", "kid": "1"}),
            claims: json!({"aud": "https://users.example.org", "scope": "openid", "permissions": ["users:read"]}),
            key: json!({"alg": "PS256"}),
            status: 403,
        },
        Shape {
            issuer: "Entra ID, version 2.0, on behalf of a user",
            document: ENTRA,
            path: "/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            audience: "00001111-aaaa-2222-bbbb-3333cccc4444",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "nOo3ZDrODXEK1jKWhXslHR_KXEg"}),
            claims: json!({
                "aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "azp": "11112222-bbbb-3333-cccc-4444dddd5555", "azpacr": "0",
                "scp": "users:read", "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee", "ver": "2.0", "nbf": now() - 5,
            }),
            key: certificate.clone(),
            status: 200,
        },
        Shape {
            issuer: "Entra ID, version 1.0",
            document: ENTRA,
            path: "/aaaabbbb-0000-cccc-1111-dddd2222eeee/",
            audience: "api://roster",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "1", "x5t": "nOo3ZDrODXEK1jKWhXslHR_KXEg"}),
            claims: json!({
                "aud": "api://roster", "appid": "11112222-bbbb-3333-cccc-4444dddd5555", "appidacr": "1", "ver": "1.0",
                "scp": "users:read users:write", "idp": "https://sts.windows.net/x/",
            }),
            key: certificate.clone(),
            status: 200,
        },
        Shape {
            issuer: "Entra ID, a key that names the issuers whose tokens it signs",
            document: ENTRA_KEYS,
            path: "/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            audience: "00001111-aaaa-2222-bbbb-3333cccc4444",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "1"}),
            claims: json!({
                "aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "tid": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
                "scp": "users:read", "ver": "2.0",
            }),
            key: named,
            status: 200,
        },
        Shape {
            issuer: "Entra ID, a program without a user: application roles",
            document: ENTRA_ROLES,
            path: "/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            audience: "00001111-aaaa-2222-bbbb-3333cccc4444",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "1"}),
            claims: json!({
                "aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "idtyp": "app", "roles": ["users:read"], "ver": "2.0",
            }),
            key: certificate.clone(),
            status: 200,
        },
        Shape {
            issuer: "Entra ID, a user with a role, whose client may do less",
            document: ENTRA_ROLES,
            path: "/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0",
            audience: "00001111-aaaa-2222-bbbb-3333cccc4444",
            algorithm: "RS256",
            header: json!({"typ": "JWT", "kid": "1"}),
            claims: json!({
                "aud": "00001111-aaaa-2222-bbbb-3333cccc4444", "scp": "openid", "roles": ["users:read"], "ver": "2.0",
            }),
            key: certificate,
            status: 403,
        },
        Shape {
            issuer: "Cognito, an access token: no `aud`, and scopes with the resource server's name",
            document: COGNITO,
            path: "/us-east-1_example",
            audience: "1example23456789",
            algorithm: "RS256",
            header: json!({"kid": "1234example="}),
            claims: json!({
                "token_use": "access", "client_id": "1example23456789", "version": 2, "username": "ada",
                "scope": "openid 1example23456789/users:read", "auth_time": now() - 5, "event_id": "64f513be",
            }),
            key: json!({"alg": "RS256"}),
            status: 200,
        },
        Shape {
            issuer: "Cognito, an access token that is bound to a resource",
            document: COGNITO_SCOPES,
            path: "/us-east-1_example",
            audience: "https://users.example.org",
            algorithm: "RS256",
            header: json!({"kid": "1234example="}),
            claims: json!({
                "token_use": "access", "client_id": "1example23456789", "aud": "https://users.example.org",
                "scope": "https://users.example.org/users:read",
            }),
            key: json!({"alg": "RS256"}),
            status: 200,
        },
        Shape {
            issuer: "Cognito, an access token of another client",
            document: COGNITO,
            path: "/us-east-1_example",
            audience: "1example23456789",
            algorithm: "RS256",
            header: json!({"kid": "1234example="}),
            claims: json!({"token_use": "access", "client_id": "other", "scope": "1example23456789/users:read"}),
            key: json!({"alg": "RS256"}),
            status: 401,
        },
        Shape {
            issuer: "Cognito, an ID token",
            document: COGNITO,
            path: "/us-east-1_example",
            audience: "1example23456789",
            algorithm: "RS256",
            header: json!({"kid": "1234example="}),
            claims: json!({"token_use": "id", "aud": "1example23456789", "cognito:groups": ["users:read"]}),
            key: json!({"alg": "RS256"}),
            status: 403,
        },
        Shape {
            issuer: "Cognito, a scope of another resource server",
            document: COGNITO_SCOPES,
            path: "/us-east-1_example",
            audience: "1example23456789",
            algorithm: "RS256",
            header: json!({"kid": "1234example="}),
            claims: json!({"token_use": "access", "client_id": "1example23456789", "scope": "billing/users:read"}),
            key: json!({"alg": "RS256"}),
            status: 403,
        },
        Shape {
            issuer: "Dex, whose tokens have no scopes",
            document: DEX,
            path: "/dex",
            audience: "roster",
            algorithm: "RS256",
            header: json!({"kid": "f8c5f6"}),
            claims: json!({
                "aud": ["roster", "web"], "azp": "web", "at_hash": "x", "email": "ada@example.org", "groups": ["users:read"],
            }),
            key: json!({"alg": "RS256"}),
            status: 403,
        },
        Shape {
            issuer: "Okta, a custom authorization server",
            document: OKTA_TOKENS,
            path: "/oauth2/default",
            audience: "api://default",
            algorithm: "RS256",
            header: json!({"kid": "ZkvelLN_seik7w4pc_prCcfUf-h2hFfiwkDeCrs0iUc"}),
            claims: json!({
                "ver": 1, "jti": "AT.MNAo", "aud": "api://default", "cid": "client_id", "uid": "00uid4",
                "scp": ["openid", "users:read"], "auth_time": now() - 5,
            }),
            key: json!({"alg": "RS256"}),
            status: 200,
        },
        Shape {
            issuer: "Okta, the server of the organization, whose tokens are for Okta",
            document: OKTA,
            path: "",
            audience: "roster",
            algorithm: "RS256",
            header: json!({"kid": "1"}),
            claims: json!({"ver": 1, "aud": "https://example.okta.com", "cid": "roster", "scp": ["users:read"]}),
            key: json!({"alg": "RS256"}),
            status: 401,
        },
        Shape {
            issuer: "RFC 9068, its media type in full, a key without `use`, `alg` and `kid`",
            document: RFC_9068,
            path: "",
            audience: "roster",
            algorithm: "ES384",
            header: json!({"typ": "application/at+jwt"}),
            claims: json!({"aud": "roster", "client_id": "s6BhdRkqt3", "jti": "1", "scope": "users:read"}),
            key: json!({"use": null, "alg": null, "kid": null}),
            status: 200,
        },
    ]
}

/// A key that only encrypts.
static ENCRYPTS: LazyLock<Value> = LazyLock::new(|| {
    let mut encrypts = Key::new("enc", "RS256").jwk();
    encrypts["use"] = "enc".into();
    encrypts["alg"] = "RSA-OAEP".into();
    encrypts
});

/// The key as this issuer publishes it, with one that only encrypts, as Keycloak does.
fn key_set(key: &Key, members: &Value) -> String {
    let mut jwk = key.jwk();
    for (name, value) in members.as_object().unwrap() {
        jwk[name] = value.clone();
    }
    jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    json!({"keys": [*ENCRYPTS, jwk]}).to_string()
}

async fn list(app: &TestApp, token: &str) -> (u16, String) {
    let answer = app.request("GET", "/users", &[("authorization", &format!("Bearer {token}"))], "").await;
    (answer.status.as_u16(), String::from_utf8_lossy(&answer.body).into_owned())
}

#[tokio::test]
async fn tokens_of_each_issuer_are_answered_as_the_documentation_says() {
    for shape in shapes() {
        let issuer = TestIssuer::start_at(shape.path).await;
        let mut header = shape.header.clone();
        header["alg"] = shape.algorithm.into();
        let key = Key::new(header["kid"].as_str().unwrap_or_default(), shape.algorithm);
        issuer.publish(&key_set(&key, &shape.key));
        let mut claims = json!({"iss": issuer.url, "exp": now() + 300, "iat": now(), "sub": "ada"});
        for (name, value) in shape.claims.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let auth = issuer.auth_for(shape.audience);
        let app = TestApp::with(Settings { auth, ..Default::default() }).await;
        let (status, body) = list(&app, &signed(&key, shape.algorithm, &header, &claims)).await;
        assert_eq!(status, shape.status, "{}: {body} ({})", shape.issuer, shape.document);
    }
}

#[tokio::test]
async fn a_modulus_with_a_leading_zero_verifies() {
    let issuer = TestIssuer::start().await;
    let key = Key::new("java", "RS256");
    let mut jwk = key.jwk();
    let modulus = base64_decoded(jwk["n"].as_str().unwrap());
    jwk["n"] = base64([&[0][..], &modulus].concat()).into();
    jwk["e"] = base64([0, 1, 0, 1]).into();
    issuer.publish(&json!({"keys": [jwk]}).to_string());
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let header = json!({"alg": "RS256", "kid": "java"});
    let token = signed(&key, "RS256", &header, &issuer.claims(json!({})));
    assert_eq!(list(&app, &token).await.0, 200);
    assert_eq!(
        list(&app, &signed(&Key::new("java", "RS256"), "RS256", &header, &issuer.claims(json!({})))).await.0,
        401
    );
}

#[tokio::test]
async fn each_of_several_keys_with_one_id_or_without_one_verifies_its_tokens() {
    let issuer = TestIssuer::start().await;
    for id in [Some("same"), None] {
        let keys = [Key::new("same", "RS256"), Key::new("same", "RS256")];
        let jwks: Vec<_> = keys
            .iter()
            .map(|key| {
                let mut jwk = key.jwk();
                jwk["kid"] = id.into();
                jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
                jwk
            })
            .collect();
        issuer.publish(&json!({"keys": jwks}).to_string());
        let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
        let mut header = json!({"alg": "RS256"});
        if let Some(id) = id {
            header["kid"] = id.into();
        }
        for key in &keys {
            let token = signed(key, "RS256", &header, &issuer.claims(json!({})));
            assert_eq!(list(&app, &token).await.0, 200, "{id:?}");
            let expired = signed(key, "RS256", &header, &issuer.claims(json!({"exp": 1})));
            let (status, body) = list(&app, &expired).await;
            assert!(status == 401 && body.contains("expired"), "{body}");
        }
        let stranger = signed(&Key::new("same", "RS256"), "RS256", &header, &issuer.claims(json!({})));
        let (status, body) = list(&app, &stranger).await;
        assert!(status == 401 && body.contains("signature"), "{body}");
    }
}

fn base64_decoded(text: &str) -> Vec<u8> {
    use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

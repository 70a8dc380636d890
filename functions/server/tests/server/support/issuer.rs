//! A token issuer on loopback, whose keys a test can rotate and which it can switch off.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use runtime::config;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use web::Auth;

use super::keys::{Key, base64};

pub const AUDIENCE: &str = "roster";

/// An issuer, until the end of the test's runtime.
pub struct TestIssuer {
    pub url: String,
    pub key: Mutex<Arc<Key>>,
    answers: Arc<Answers>,
}

/// Its responses.
struct Answers {
    discovery: Mutex<Value>,
    keys: Mutex<String>,
    off: AtomicBool,
    held: watch::Sender<bool>,
    fetches: AtomicUsize,
}

impl TestIssuer {
    /// With one key, for ES256.
    pub async fn start() -> Self {
        Self::start_at("").await
    }

    /// The same, whose name has this path.
    pub async fn start_at(path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let url = format!("{host}{path}");
        let key = Key::new("first", "ES256");
        let answers = Arc::new(Answers {
            discovery: Mutex::new(json!({"issuer": url, "jwks_uri": format!("{host}/keys")})),
            keys: Mutex::new(set(&[&key])),
            off: AtomicBool::default(),
            held: watch::channel(false).0,
            fetches: AtomicUsize::default(),
        });
        let router = Router::new()
            .route(
                &format!("{}/.well-known/openid-configuration", path.trim_end_matches('/')),
                get(discovery),
            )
            .route("/keys", get(keys))
            .route("/moved", get(async || Redirect::temporary("/keys")))
            .with_state(answers.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, key: Mutex::new(Arc::new(key)), answers }
    }

    /// Authentication that accepts its tokens.
    pub fn auth(&self) -> Auth {
        self.auth_for(AUDIENCE)
    }

    /// The same for another audience.
    pub fn auth_for(&self, audience: &str) -> Auth {
        let setting = config::Auth::Oidc { issuer: self.url.clone(), audience: audience.to_owned() };
        Auth::new(&setting).unwrap()
    }

    /// From now on it signs with `key` and publishes only that.
    pub fn rotate(&self, key: Key) {
        self.publish(&set(&[&key]));
        *self.key.lock().unwrap() = Arc::new(key);
    }

    /// Its response for its keys.
    pub fn publish(&self, keys: &str) {
        keys.clone_into(&mut self.answers.keys.lock().unwrap());
    }

    /// Its configuration.
    pub fn configure(&self, member: &str, value: &str) {
        self.answers.discovery.lock().unwrap()[member] = value.into();
    }

    /// From now on every response is an error.
    pub fn switch_off(&self) {
        self.answers.off.store(true, Ordering::SeqCst);
    }

    pub fn switch_on(&self) {
        self.answers.off.store(false, Ordering::SeqCst);
    }

    /// Whether it keeps its callers waiting.
    pub fn hold(&self, held: bool) {
        self.answers.held.send_replace(held);
    }

    /// How many times its configuration was fetched, the first request of each key fetch.
    pub fn fetches(&self) -> usize {
        self.answers.fetches.load(Ordering::SeqCst)
    }

    /// A valid token with all scopes.
    pub fn token(&self) -> String {
        self.token_with(json!({}))
    }

    /// A token with these claims changed; `null` leaves one out.
    pub fn token_with(&self, changes: Value) -> String {
        let key = self.key.lock().unwrap().clone();
        signed(&key, "ES256", &json!({"alg": "ES256", "kid": key.id}), &self.claims(changes))
    }

    /// The claims of a valid token, with these changed.
    pub fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({
            "iss": self.url, "aud": AUDIENCE, "exp": now() + 300, "sub": "ada.lovelace@example.org",
            "scope": "openid users:read users:write",
        });
        let Value::Object(changes) = changes else { panic!("claims are an object") };
        for (name, value) in changes {
            claims[name] = value;
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }
}

pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().try_into().unwrap()
}

/// A JWK set of these keys.
pub fn set(keys: &[&Key]) -> String {
    json!({"keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>()}).to_string()
}

/// A token with this header and these claims.
pub fn signed(key: &Key, algorithm: &str, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
    let signature = key.sign(algorithm, message.as_bytes());
    format!("{message}.{}", base64(signature))
}

async fn discovery(State(answers): State<Arc<Answers>>) -> Response {
    answers.fetches.fetch_add(1, Ordering::SeqCst);
    let mut held = answers.held.subscribe();
    held.wait_for(|held| !held).await.unwrap();
    if answers.off.load(Ordering::SeqCst) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    answers.discovery.lock().unwrap().to_string().into_response()
}

async fn keys(State(answers): State<Arc<Answers>>) -> Response {
    answers.keys.lock().unwrap().clone().into_response()
}

//! Fetches the issuer's keys (OpenID Connect Discovery 1.0).

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};
use serde::Deserialize;
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::keys::Keys;
use runtime::loopback::{is_on_this_machine, is_secure};

/// How long a document may take, from the connection to its last byte: two of them fit well into the time
/// limit of a request.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// The largest document: some hundred keys, each with a chain of certificates, which is not read here.
const MAX_BYTES: usize = 512 * 1024;

/// Why the issuer's keys could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum IssuerError {
    /// The client could not be created, for example because certificates cannot be read.
    #[error("could not create the HTTP client")]
    Client(#[source] reqwest::Error),
    /// It does not respond, or not in time.
    #[error("issuer is not responding")]
    Unreachable(#[from] reqwest::Error),
    /// It returns another status than 200, redirects included.
    #[error("issuer returned {0}")]
    Status(StatusCode),
    /// Its response exceeds the limit.
    #[error("issuer returned more than {MAX_BYTES} bytes")]
    TooLarge,
    /// Its response violates the specifications.
    #[error("{0}")]
    Malformed(&'static str),
    /// Its discovery document is that of another issuer, or of this one in another spelling.
    #[error(
        "discovery document names the issuer `{0}`: set ROSTER_AUTH_ISSUER to exactly that if it is the right one"
    )]
    OtherIssuer(String),
}

/// The issuer, and how to reach it.
pub(super) struct Issuer {
    /// As its tokens name it.
    name: String,
    client: OnceCell<Client>,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl Issuer {
    pub(super) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), client: OnceCell::new() }
    }

    /// The usable keys of those that it publishes now.
    pub(super) async fn keys(&self) -> Result<Keys, IssuerError> {
        let url = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let discovery: Discovery = serde_json::from_slice(&self.read(&url).await?)
            .map_err(|_| IssuerError::Malformed("discovery document is malformed"))?;
        if discovery.issuer != self.name {
            return Err(IssuerError::OtherIssuer(shown(&discovery.issuer)));
        }
        // With an issuer on loopback the client takes plain HTTP too.
        if !is_secure(&discovery.jwks_uri) {
            return Err(IssuerError::Malformed("`jwks_uri` is neither https nor on loopback"));
        }
        let keys = Keys::parse(&self.read(&discovery.jwks_uri).await?)
            .ok_or(IssuerError::Malformed("key set is malformed"))?;
        // A key set published by mistake must not lock everyone out.
        if keys.is_empty() {
            return Err(IssuerError::Malformed("key set has no usable key"));
        }
        Ok(keys)
    }

    /// Created for the first request: it reads the system's certificates, which takes too long for a start.
    async fn client(&self) -> Result<&Client, IssuerError> {
        let https_only = self.name.starts_with("https:");
        let is_remote = !is_on_this_machine(&self.name);
        let make = || async move {
            let made = spawn_blocking(move || client(https_only, is_remote)).await;
            let made = made.expect("the builder does not panic");
            made.map_err(IssuerError::Client)
        };
        self.client.get_or_try_init(make).await
    }

    async fn read(&self, url: &str) -> Result<Vec<u8>, IssuerError> {
        let mut response = self.client().await?.get(url).send().await?;
        if response.status() != StatusCode::OK {
            return Err(IssuerError::Status(response.status()));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            if body.len() + piece.len() > MAX_BYTES {
                return Err(IssuerError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }
}

fn client(https_only: bool, is_remote: bool) -> reqwest::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("roster/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(ANSWER_TIMEOUT)
        // The issuer's discovery document has the URL of its keys: no redirect may replace it.
        .redirect(redirect::Policy::none())
        // Keys fetched without TLS could be anyone's.
        .https_only(https_only);
    // By the proxy that the standard variables name, with an issuer that is not on this machine: over TLS, which
    // the proxy does not end.
    if is_remote { client.build() } else { client.no_proxy().build() }
}

/// An issuer's name as it is logged: cut, without control characters.
fn shown(issuer: &str) -> String {
    issuer.chars().filter(|c| !c.is_control()).take(200).collect()
}

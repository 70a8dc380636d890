//! Asking the issuer for its keys (OpenID Connect Discovery 1.0).

use std::time::Duration;

use reqwest::{Client, StatusCode, redirect};
use serde::Deserialize;
use tokio::{sync::OnceCell, task::spawn_blocking};

use super::keys::Keys;
use crate::loopback::is_asked_safely;

/// How long a document may take, from the connection to its last byte: two of them fit well into the time for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// The largest document: some hundred keys, each with a chain of certificates that nobody reads here.
const MAX_BYTES: usize = 512 * 1024;

/// Why the keys of the issuer cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum IssuerError {
    /// No client can be made, such as for certificates that cannot be read.
    #[error("cannot be asked")]
    Client(#[source] reqwest::Error),
    /// It does not answer, or not in time.
    #[error("does not answer")]
    Unreachable(#[from] reqwest::Error),
    /// It answers with another status than 200, a redirection included.
    #[error("answers {0}")]
    Status(StatusCode),
    /// It answers with more than is read.
    #[error("answers with more than {MAX_BYTES} bytes")]
    TooLarge,
    /// Its answer is not what the specifications say.
    #[error("{0}")]
    Malformed(&'static str),
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

    /// All that can be used of the keys that it names now.
    pub(super) async fn keys(&self) -> Result<Keys, IssuerError> {
        let url = format!("{}/.well-known/openid-configuration", self.name.trim_end_matches('/'));
        let discovery: Discovery = serde_json::from_slice(&self.read(&url).await?)
            .map_err(|_| IssuerError::Malformed("its configuration cannot be understood"))?;
        if discovery.issuer != self.name {
            return Err(IssuerError::Malformed("its configuration is of another issuer"));
        }
        // With an issuer on loopback the client takes plain HTTP too.
        if !is_asked_safely(&discovery.jwks_uri) {
            return Err(IssuerError::Malformed("its keys are neither behind TLS nor on loopback"));
        }
        let keys = Keys::parse(&self.read(&discovery.jwks_uri).await?)
            .ok_or(IssuerError::Malformed("its keys cannot be understood"))?;
        // What it published by mistake must not lock everyone out.
        if keys.is_empty() {
            return Err(IssuerError::Malformed("none of its keys can be used"));
        }
        Ok(keys)
    }

    /// Made for the first question: it reads the certificates of the system, which is too long for a start to wait.
    async fn client(&self) -> Result<&Client, IssuerError> {
        let https_only = self.name.starts_with("https:");
        let make = || async move {
            let made = spawn_blocking(move || client(https_only)).await.expect("it does not panic");
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

fn client(https_only: bool) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("roster/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT_WITHIN)
        .timeout(ANSWER_WITHIN)
        // An issuer says where its keys are: whoever else is named by a redirection is not asked.
        .redirect(redirect::Policy::none())
        .no_proxy()
        // Keys that came without TLS could be anyone's.
        .https_only(https_only)
        .build()
}

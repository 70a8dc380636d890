//! Bearer tokens of one issuer.
//!
//! | file | idea |
//! |---|---|
//! | `bearer` | the token of a request |
//! | `token` | whether a token is valid, what it allows, and to whom |
//! | `verified` | the same for claims that a gateway has verified |
//! | `keys` | the keys of an issuer, and which one fits a token |
//! | `known_keys` | the keys kept in memory: refreshed, fetched when one is missing |
//! | `moment` | a moment by two clocks, of which one may stand still |
//! | `issuer` | fetches them from the issuer |

mod bearer;
mod issuer;
mod keys;
mod known_keys;
mod moment;
mod token;
mod verified;

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{Auth, GatewayClaims, Scope};
use crate::Problem;
use runtime::config;

use bearer::bearer;
use issuer::Issuer;
use known_keys::KnownKeys;
use token::Rules;

/// How far the clocks of issuer and service may be apart.
const SKEW_SECONDS: u32 = 60;

/// Which tokens are valid.
pub(super) struct Tokens {
    rules: Rules,
    keys: KnownKeys,
}

impl Auth {
    /// Who may use the API, by the settings. With an issuer it starts a task that refreshes the issuer's
    /// keys, so it needs a runtime.
    ///
    /// # Errors
    /// None: a program without this feature refuses issuers.
    pub fn new(setting: &config::Auth) -> Result<Self, config::ConfigError> {
        let config::Auth::Oidc { issuer, audience } = setting else { return Ok(Self::off()) };
        let rules = Rules::new(issuer, audience);
        let issuer = Arc::new(Issuer::new(issuer));
        let keys = KnownKeys::start(move || {
            let issuer = issuer.clone();
            async move { issuer.keys().await }
        });
        Ok(Self { tokens: Some(Arc::new(Tokens { rules, keys })) })
    }
}

/// Admits a request whose token has the scope of its method, with the [`Subject`](super::Subject) of the token.
pub(super) async fn check(
    State(tokens): State<Arc<Tokens>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let scope = Scope::of(request.method());
    let subject = if let Some(claims) = request.extensions().get::<GatewayClaims>() {
        verified::subject(claims, &tokens.rules, scope)?
    } else {
        let token = bearer(request.headers())?.to_owned();
        token::subject(&token, &tokens.rules, &tokens.keys, scope).await?
    };
    request.extensions_mut().insert(subject);
    Ok(private(next.run(request).await))
}

/// A response behind a token is for its bearer: no shared cache may keep it (RFC 9111, 3.5). No cache at all
/// may keep a problem.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.get(header::CACHE_CONTROL).is_none_or(|value| value != "no-store") {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

//! Who may read and write users: everyone, or bearers of a token of one issuer (RFC 6750).
//!
//! | file | idea |
//! |---|---|
//! | this one | the layer around the routes that are not open to everyone |
//! | [`scope`](Scope) | what a token allows |
//! | [`subject`](Subject) | to whom |
//! | [`error`](AuthError) | why a request is refused |
//! | [`gateway`](GatewayClaims) | claims that a gateway has verified |
//! | `oidc`, a feature | tokens, and the keys of their issuer |

mod error;
mod gateway;
#[cfg(feature = "oidc")]
mod oidc;
mod scope;
mod subject;

use axum::Router;
#[cfg(not(feature = "oidc"))]
use runtime::config::{self, ConfigError};

pub use error::AuthError;
pub use gateway::GatewayClaims;
pub use scope::Scope;
pub use subject::Subject;

/// Who may use the routes that it protects: everyone, unless it was made for an issuer.
#[derive(Clone, Default)]
pub struct Auth {
    #[cfg(feature = "oidc")]
    tokens: Option<std::sync::Arc<oidc::Tokens>>,
}

/// Without the feature `oidc` no token can be checked, so a setting that requires them is refused.
#[cfg(not(feature = "oidc"))]
impl Auth {
    /// Who may use the API, by the settings.
    ///
    /// # Errors
    /// If the setting requires tokens.
    pub fn new(setting: &config::Auth) -> Result<Self, ConfigError> {
        match setting {
            config::Auth::Off => Ok(Self::off()),
            config::Auth::Oidc { .. } => Err(ConfigError::auth(config::not_built("oidc"))),
        }
    }
}

impl Auth {
    /// Everyone may.
    pub fn off() -> Self {
        Self::default()
    }

    /// Whether a request needs a token.
    #[cfg(feature = "oidc")]
    pub fn requires_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// Whether a request needs a token.
    #[cfg(not(feature = "oidc"))]
    pub fn requires_tokens(&self) -> bool {
        false
    }

    /// Admits only requests to `router` whose token has the [`Scope`] of their method. It reads only the head
    /// of a request, so the body of a refused one is never read.
    pub fn protect(&self, router: Router) -> Router {
        #[cfg(feature = "oidc")]
        if let Some(tokens) = self.tokens.clone() {
            return router.route_layer(axum::middleware::from_fn_with_state(tokens, oidc::check));
        }
        router
    }
}

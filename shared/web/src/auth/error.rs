use super::Scope;

/// Why a request is refused. No variant holds anything of the token: its text is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nothing was sent that could be a bearer token.
    #[error("no bearer token was sent")]
    NoToken,
    /// The token is invalid, and why: a phrase.
    #[error("invalid token: {0}")]
    Invalid(&'static str),
    /// The token is valid, but does not allow this.
    #[error("token lacks the scope {0}")]
    LacksScope(Scope),
    /// The token's key is unknown, and the issuer is not responding.
    #[error("issuer's keys are unavailable")]
    IssuerAway,
}

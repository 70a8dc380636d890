use super::Scope;

/// Why a request is refused. No variant holds anything of the token: its text is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// Nothing was sent that could be a bearer token.
    #[error("no bearer token was sent")]
    NoToken,
    /// What was sent does not count, and why: `it` and a verb.
    #[error("token does not count: {0}")]
    Invalid(&'static str),
    /// The token is good, and not for this.
    #[error("token lacks the scope {0}")]
    LacksScope(Scope),
    /// The token names a key that is not known here, and the issuer cannot be asked for it.
    #[error("the issuer cannot be asked for its keys")]
    IssuerAway,
}

//! What a gateway in front has verified of a token.

use std::collections::BTreeMap;

/// The claims of a token that the gateway's own authorizer has verified, in the extensions of a request.
///
/// No client can make one: it is read from what the gateway says about a request, never from what the request holds.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct GatewayClaims {
    /// As the gateway writes them: a list is one text in square brackets, its members separated by spaces.
    pub claims: BTreeMap<String, String>,
    /// The scopes that the gateway asked for on this route and found; none where it asked for none.
    pub scopes: Vec<String>,
}

/// Shows no claim: they may hold e-mails and names, which must not reach a log.
impl std::fmt::Debug for GatewayClaims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GatewayClaims({} claims, {} scopes)", self.claims.len(), self.scopes.len())
    }
}

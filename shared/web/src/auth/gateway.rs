use std::collections::BTreeMap;

/// Claims of a token whose signature a gateway has verified: an extension of the request.
///
/// With it the `Authorization` header is ignored. Only the adapter of a Lambda function may insert it, from
/// the gateway's own `requestContext.authorizer.jwt.claims`, and never from a header, which any client can
/// send.
///
/// A gateway writes every claim as text: a number as its digits, a list as `[a b]`.
#[derive(Clone)]
pub struct GatewayClaims(BTreeMap<String, String>);

impl GatewayClaims {
    /// The claims by name.
    pub fn new(claims: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(claims.into_iter().collect())
    }

    /// The values of a claim that may be a list; none where there is no such claim.
    pub fn list(&self, name: &str) -> Vec<&str> {
        let Some(text) = self.text(name) else { return Vec::new() };
        match text.trim().strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(list) => list.split([' ', ',']).filter(|item| !item.is_empty()).collect(),
            None => vec![text],
        }
    }

    /// A claim as text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

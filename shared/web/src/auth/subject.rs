use domain::Digest;

/// The subject of the token of a request: an extension of requests that were admitted by a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject(Option<Digest>);

impl Subject {
    /// Of the claim `sub`, if the token has one.
    pub fn new(sub: Option<&str>) -> Self {
        Self(sub.map(|sub| Digest::of(sub.as_bytes())))
    }

    /// SHA-256 of the claim, so that the subject itself is never stored.
    pub fn digest(self) -> Option<Digest> {
        self.0
    }
}

//! The keys of an issuer (RFC 7517), and which one fits a token.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use serde::Deserialize;
use serde_json::Value;

/// The algorithms that a token may be signed with: only those with public keys, so that a verifier cannot
/// sign tokens.
pub(super) const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// The keys that an issuer signs tokens with.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithms: Vec<Algorithm>,
    verifies_by: DecodingKey,
}

impl Keys {
    /// Parses a set of keys. Keys that cannot be used here are skipped, as RFC 7517 (5) says.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).ok()?;
        let jwks = set.keys.into_iter().filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        Some(Self(jwks.filter_map(|jwk| Key::of(&jwk)).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key for a token: by its id, or without one the only key that fits (OpenID Connect Core, 10.1).
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| key.algorithms.contains(&algorithm));
        let found = match id {
            Some(id) => fitting.find(|key| key.id.as_deref() == Some(id)),
            None => fitting.next().filter(|_| fitting.next().is_none()),
        };
        found.map(|key| key.verifies_by.clone())
    }
}

impl Key {
    fn of(jwk: &Jwk) -> Option<Self> {
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|used| *used == PublicKeyUse::Signature);
        let verifies = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let only = common.key_algorithm;
        let mut algorithms = algorithms_of(&jwk.algorithm);
        algorithms.retain(|algorithm| only.is_none_or(|only| only == KeyAlgorithm::from(*algorithm)));
        if !signs || !verifies || algorithms.is_empty() {
            return None;
        }
        let verifies_by = DecodingKey::from_jwk(jwk).ok()?;
        Some(Self { id: common.key_id.clone(), algorithms, verifies_by })
    }
}

/// What a key of this type can verify.
fn algorithms_of(parameters: &AlgorithmParameters) -> Vec<Algorithm> {
    use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};
    match parameters {
        AlgorithmParameters::RSA(_) => vec![RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => vec![EdDSA],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn keys(json: &str) -> Keys {
        Keys::parse(json.as_bytes()).unwrap()
    }

    #[test]
    fn a_key_serves_only_what_its_type_use_and_algorithm_allow() {
        for (members, algorithm, serves) in [
            (r#""kty":"RSA","n":"sXch","e":"AQAB""#, Algorithm::RS256, true),
            (r#""kty":"RSA","n":"sXch","e":"AQAB""#, Algorithm::PS512, true),
            (r#""kty":"RSA","n":"sXch","e":"AQAB""#, Algorithm::ES256, false),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","alg":"RS256""#, Algorithm::RS256, true),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","alg":"RS256""#, Algorithm::PS256, false),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","use":"sig""#, Algorithm::RS256, true),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","use":"enc""#, Algorithm::RS256, false),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","key_ops":["verify"]"#, Algorithm::RS256, true),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","key_ops":["encrypt"]"#, Algorithm::RS256, false),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","alg":"RSA-OAEP""#, Algorithm::RS256, false),
            (r#""kty":"RSA","n":"sXch","e":"AQAB","alg":"HS256""#, Algorithm::HS256, false),
            (r#""kty":"oct","k":"c2VjcmV0""#, Algorithm::HS256, false),
            (r#""kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA""#, Algorithm::ES256, true),
            (r#""kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA""#, Algorithm::ES384, false),
            (r#""kty":"EC","crv":"P-384","x":"AAAA","y":"AAAA""#, Algorithm::ES384, true),
            (r#""kty":"EC","crv":"P-521","x":"AAAA","y":"AAAA""#, Algorithm::ES256, false),
        ] {
            let keys = keys(&format!(r#"{{"keys":[{{"kid":"a",{members}}}]}}"#));
            assert_eq!(keys.find(Some("a"), algorithm).is_some(), serves, "{members} {algorithm:?}");
            assert!(keys.find(Some("b"), algorithm).is_none(), "{members}");
        }
    }

    #[test]
    fn an_unusable_key_is_skipped_and_the_others_are_kept() {
        let set = format!(
            r#"{{"keys":[7,{{"kty":"quantum"}},{{"kty":"RSA"}},{{"kty":"RSA","use":5}},
                {{"kty":"OKP","crv":"X25519","x":"{X}"}},{{"kid":"a","kty":"OKP","crv":"Ed25519","x":"{X}"}}]}}"#
        );
        let keys = keys(&set);
        assert_eq!(keys.0.len(), 1);
        assert!(keys.find(Some("a"), Algorithm::EdDSA).is_some());
        for text in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(Keys::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_without_a_key_id_has_a_key_only_where_one_fits() {
        let key = |id: &str| format!(r#"{{"kid":"{id}","kty":"OKP","crv":"Ed25519","x":"{X}"}}"#);
        let one = keys(&format!(r#"{{"keys":[{}]}}"#, key("a")));
        assert!(one.find(None, Algorithm::EdDSA).is_some());
        let two = keys(&format!(r#"{{"keys":[{},{}]}}"#, key("a"), key("b")));
        assert!(two.find(None, Algorithm::EdDSA).is_none());
    }
}

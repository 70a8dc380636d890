//! The keys of an issuer (RFC 7517), and which one fits a token.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
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

/// The most keys that one token is checked with. An issuer that rotates its keys publishes two or three.
const MAX_TRIED: usize = 8;

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
        Some(Self(jwks.filter_map(Key::of).collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that may have signed a token: those with its id, or without one all that fit. None if they are more
    /// than [`MAX_TRIED`]: each would cost a verification.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Vec<DecodingKey> {
        let fits = |key: &&Key| {
            key.algorithms.contains(&algorithm) && id.is_none_or(|id| key.id.as_deref() == Some(id))
        };
        let found: Vec<_> = self.0.iter().filter(fits).take(MAX_TRIED + 1).collect();
        if found.len() > MAX_TRIED {
            return Vec::new();
        }
        found.into_iter().map(|key| key.verifies_by.clone()).collect()
    }
}

impl Key {
    fn of(mut jwk: Jwk) -> Option<Self> {
        normalize(&mut jwk.algorithm)?;
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
        let verifies_by = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: common.key_id.clone(), algorithms, verifies_by })
    }
}

/// Numbers as RFC 7518 (6.2.1.2, 6.3.1.1) has them, which the library requires: some issuers write those of RSA
/// with a leading zero, as Java's `BigInteger` does, and those of a point without theirs.
fn normalize(parameters: &mut AlgorithmParameters) -> Option<()> {
    match parameters {
        AlgorithmParameters::RSA(key) => {
            key.n = encode(without_zeros(&decode(&key.n)?));
            key.e = encode(without_zeros(&decode(&key.e)?));
        }
        AlgorithmParameters::EllipticCurve(key) => {
            let length = match key.curve {
                EllipticCurve::P256 => 32,
                EllipticCurve::P384 => 48,
                _ => return None,
            };
            key.x = encode(&of_length(&decode(&key.x)?, length)?);
            key.y = encode(&of_length(&decode(&key.y)?, length)?);
        }
        _ => {}
    }
    Some(())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// The number in this many bytes; `None` if it is larger.
fn of_length(number: &[u8], length: usize) -> Option<Vec<u8>> {
    let number = without_zeros(number);
    let mut padded = vec![0; length.checked_sub(number.len())?];
    padded.extend_from_slice(number);
    Some(padded)
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
            assert_eq!(!keys.find(Some("a"), algorithm).is_empty(), serves, "{members} {algorithm:?}");
            assert!(keys.find(Some("b"), algorithm).is_empty(), "{members}");
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
        assert_eq!(keys.find(Some("a"), Algorithm::EdDSA).len(), 1);
        for text in ["", "[]", "{}", r#"{"keys":{}}"#] {
            assert!(Keys::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn keys_of_one_id_and_keys_for_a_token_without_one_are_tried_up_to_eight() {
        let set = |ids: &[&str]| {
            let key = |id: &&str| format!(r#"{{"kid":"{id}","kty":"OKP","crv":"Ed25519","x":"{X}"}}"#);
            let keys_of_ids: Vec<_> = ids.iter().map(key).collect();
            keys(&format!(r#"{{"keys":[{}]}}"#, keys_of_ids.join(",")))
        };
        for (ids, of_a, without) in [
            (&["a"][..], 1, 1),
            (&["a", "a", "b"], 2, 3),
            (&["a"; 8], 8, 8),
            (&["a"; 9], 0, 0),
            (&["b"; 2], 0, 2),
        ] {
            let keys = set(ids);
            assert_eq!(keys.find(Some("a"), Algorithm::EdDSA).len(), of_a, "{ids:?}");
            assert_eq!(keys.find(None, Algorithm::EdDSA).len(), without, "{ids:?}");
        }
    }

    #[test]
    fn numbers_have_the_length_that_the_standard_says() {
        let params = |json: &str| {
            let mut jwk = serde_json::from_str::<Jwk>(json).unwrap();
            normalize(&mut jwk.algorithm).map(|()| match jwk.algorithm {
                AlgorithmParameters::RSA(key) => (decode(&key.n).unwrap(), decode(&key.e).unwrap()),
                AlgorithmParameters::EllipticCurve(key) => (decode(&key.x).unwrap(), decode(&key.y).unwrap()),
                other => panic!("{other:?}"),
            })
        };
        let rsa = params(r#"{"kty":"RSA","n":"AACx5w==","e":"AAEAAQ"}"#);
        assert_eq!(rsa, Some((vec![0xb1, 0xe7], vec![1, 0, 1])));
        let (short, long) = (encode(&[7; 31]), encode(&[&[0][..], &[7; 32]].concat()));
        let ec = params(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{short}","y":"{long}"}}"#));
        assert_eq!(ec, Some(([&[0][..], &[7; 31]].concat(), vec![7; 32])));
        let too_long = encode(&[7; 33]);
        assert_eq!(params(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{too_long}","y":"{short}"}}"#)), None);
    }
}

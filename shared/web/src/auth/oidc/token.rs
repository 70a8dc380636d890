//! Whether a token is valid (RFC 7519, RFC 8725), and what it allows.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::{SKEW_SECONDS, keys::ALGORITHMS, known_keys::KnownKeys};
use crate::auth::{AuthError, Scope, Subject};

/// What a token must have.
pub(super) struct Rules {
    pub(super) issuer: String,
    pub(super) audience: String,
}

impl Rules {
    pub(super) fn new(issuer: &str, audience: &str) -> Self {
        Self { issuer: issuer.to_owned(), audience: audience.to_owned() }
    }

    fn validation(&self, algorithm: Algorithm) -> Validation {
        let mut validation = Validation::new(algorithm);
        validation.leeway = SKEW_SECONDS.into();
        validation.validate_nbf = true;
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation
    }
}

/// Claims that the library does not check. Scopes are in `scope` by RFC 9068, in `scp` with some issuers.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    scope: Option<Value>,
    scp: Option<Value>,
}

/// The subject of a valid token that allows `scope`.
pub(super) async fn subject(
    token: &str,
    rules: &Rules,
    keys: &KnownKeys,
    scope: Scope,
) -> Result<Subject, AuthError> {
    // The library does not know the algorithm `none`.
    let header = decode_header(token).map_err(|_| AuthError::Invalid("malformed"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(AuthError::Invalid("its algorithm is not accepted"));
    }
    // A critical extension, and none is supported (RFC 7515, 4.1.11).
    if header.crit.is_some() {
        return Err(AuthError::Invalid("it requires an unsupported extension"));
    }
    let key = keys.find(header.kid.as_deref(), header.alg).await?;
    let claims: Claims = decode(token, &key, &rules.validation(header.alg))
        .map_err(|error| AuthError::Invalid(reason(error.kind())))?
        .claims;
    // The library also accepts a list of issuers, which RFC 7519 (4.1.1) does not allow.
    if !claims.iss.is_some_and(|issuer| issuer == *rules.issuer) {
        return Err(AuthError::Invalid("from another issuer"));
    }
    if ![claims.scope, claims.scp].iter().flatten().any(|names| names_scope(names, scope)) {
        return Err(AuthError::LacksScope(scope));
    }
    Ok(Subject::new(claims.sub.as_ref().and_then(Value::as_str)))
}

/// A string of names with spaces between them, or an array of names.
fn names_scope(names: &Value, scope: Scope) -> bool {
    match names {
        Value::String(names) => names.split(' ').any(|name| name == scope.as_str()),
        Value::Array(names) => names.iter().any(|name| name == scope.as_str()),
        _ => false,
    }
}

/// Our own texts: the library's may quote a claim.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "expired",
        ErrorKind::ImmatureSignature => "not valid yet",
        ErrorKind::InvalidIssuer => "from another issuer",
        ErrorKind::InvalidAudience => "for another audience",
        ErrorKind::InvalidSignature => "its signature does not match",
        ErrorKind::MissingRequiredClaim(_) => "it lacks `exp`, `iss` or `aud`",
        _ => "malformed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn scopes_are_whole_names_in_a_string_or_an_array() {
        for (names, allows) in [
            (json!("users:read"), true),
            (json!("openid users:read profile"), true),
            (json!(["openid", "users:read"]), true),
            (json!("users:write"), false),
            (json!("users:readers"), false),
            (json!("USERS:READ"), false),
            (json!(["openid users:read"]), false),
            (json!(""), false),
            (json!(null), false),
            (json!({"users:read": true}), false),
        ] {
            assert_eq!(names_scope(&names, Scope::Read), allows, "{names}");
        }
    }
}

//! Whether a token counts (RFC 7519, RFC 8725), and what it allows.

use jsonwebtoken::{Algorithm, Validation, decode, decode_header, errors::ErrorKind};
use serde::Deserialize;
use serde_json::Value;

use super::{SKEW_SECONDS, keys::ALGORITHMS, known_keys::KnownKeys};
use crate::auth::{AuthError, Scope};

/// What a token must say.
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

/// What the library does not look at. Scopes stand in `scope` by RFC 9068, in `scp` with some issuers.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    scope: Option<Value>,
    scp: Option<Value>,
}

/// Whether a token that counts allows `scope`.
pub(super) async fn allows(
    token: &str,
    rules: &Rules,
    keys: &KnownKeys,
    scope: Scope,
) -> Result<bool, AuthError> {
    // `none` is no algorithm that the library knows.
    let header = decode_header(token).map_err(|_| AuthError::Invalid("it is malformed"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(AuthError::Invalid("its algorithm is not accepted"));
    }
    // An extension that must be understood and is not (RFC 7515, 4.1.11).
    if header.crit.is_some() {
        return Err(AuthError::Invalid("it asks for an extension"));
    }
    let key = keys.find(header.kid.as_deref(), header.alg).await?;
    let claims: Claims = decode(token, &key, &rules.validation(header.alg))
        .map_err(|error| AuthError::Invalid(reason(error.kind())))?
        .claims;
    // The library takes a list of issuers too, which RFC 7519 (4.1.1) does not know.
    if !claims.iss.is_some_and(|issuer| issuer == *rules.issuer) {
        return Err(AuthError::Invalid("it is of another issuer"));
    }
    Ok([claims.scope, claims.scp].iter().flatten().any(|names| names_scope(names, scope)))
}

/// A string of names with spaces between them, or an array of names.
fn names_scope(names: &Value, scope: Scope) -> bool {
    match names {
        Value::String(names) => names.split(' ').any(|name| name == scope.as_str()),
        Value::Array(names) => names.iter().any(|name| name == scope.as_str()),
        _ => false,
    }
}

/// Words of ours: the library's may hold what a claim says.
fn reason(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::ExpiredSignature => "it has expired",
        ErrorKind::ImmatureSignature => "it is not valid yet",
        ErrorKind::InvalidIssuer => "it is of another issuer",
        ErrorKind::InvalidAudience => "it is for another audience",
        ErrorKind::InvalidSignature => "its signature does not fit",
        ErrorKind::MissingRequiredClaim(_) => "it lacks `exp`, `iss` or `aud`",
        _ => "it is malformed",
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

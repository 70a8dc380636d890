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
        // Checked by `check_audience`.
        validation.validate_aud = false;
        validation.set_required_spec_claims(&["exp", "iss"]);
        validation
    }

    /// Whether a name in a token is that of the scope. Some issuers put the resource before it, as Cognito does: it
    /// must be this service.
    pub(super) fn is_scope(&self, name: &str, scope: Scope) -> bool {
        let own = name.strip_prefix(self.audience.as_str()).and_then(|rest| rest.strip_prefix('/'));
        own.unwrap_or(name) == scope.as_str()
    }
}

/// Claims that the library does not check. Scopes are in `scope` by RFC 9068, in `scp` with some issuers. A token
/// that Entra ID gives a program without a user has neither, but `roles`.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    client_id: Option<Value>,
    token_use: Option<Value>,
    scope: Option<Value>,
    scp: Option<Value>,
    roles: Option<Value>,
}

impl Claims {
    /// Whether the token is for this service. An access token of Cognito has no `aud`: `client_id` is compared
    /// instead, as API Gateway does.
    fn check_audience(&self, audience: &str) -> Result<(), AuthError> {
        let is_for = match (&self.aud, &self.token_use, &self.client_id) {
            (Some(Value::String(one)), ..) => one == audience,
            (Some(Value::Array(several)), ..) => several.iter().any(|one| one == audience),
            (None, Some(token_use), Some(client)) if token_use == "access" => client == audience,
            _ => return Err(AuthError::Invalid(LACKS)),
        };
        if is_for { Ok(()) } else { Err(AuthError::Invalid("for another audience")) }
    }

    /// Roles count only without scopes: with both, the scopes say what the user let the client do.
    fn allow(&self, rules: &Rules, scope: Scope) -> bool {
        let scopes = [&self.scope, &self.scp];
        let names = if scopes.iter().all(|names| names.is_none()) { [&self.roles, &None] } else { scopes };
        names.into_iter().flatten().any(|names| names_scope(names, rules, scope))
    }
}

const LACKS: &str = "it lacks `exp`, `iss` or `aud`";

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
    let keys = keys.find(header.kid.as_deref(), header.alg).await?;
    let validation = rules.validation(header.alg);
    let mut checked = keys.iter().map(|key| decode::<Claims>(token, key, &validation));
    let matches = |checked: &Result<_, jsonwebtoken::errors::Error>| !matches!(checked, Err(error) if *error.kind() == ErrorKind::InvalidSignature);
    let claims = match checked.find(matches) {
        Some(checked) => checked.map_err(|error| AuthError::Invalid(reason(error.kind())))?.claims,
        None => return Err(AuthError::Invalid(reason(&ErrorKind::InvalidSignature))),
    };
    // The library also accepts a list of issuers, which RFC 7519 (4.1.1) does not allow.
    if !claims.iss.as_ref().is_some_and(|issuer| *issuer == *rules.issuer) {
        return Err(AuthError::Invalid("from another issuer"));
    }
    claims.check_audience(&rules.audience)?;
    if !claims.allow(rules, scope) {
        return Err(AuthError::LacksScope(scope));
    }
    Ok(Subject::new(claims.sub.as_ref().and_then(Value::as_str)))
}

/// A string of names with spaces between them, or an array of names.
fn names_scope(names: &Value, rules: &Rules, scope: Scope) -> bool {
    match names {
        Value::String(names) => names.split(' ').any(|name| rules.is_scope(name, scope)),
        Value::Array(names) => names.iter().filter_map(Value::as_str).any(|name| rules.is_scope(name, scope)),
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
        ErrorKind::MissingRequiredClaim(_) => LACKS,
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
            (json!("roster/users:read"), true),
            (json!(["roster/users:read"]), true),
            (json!("other/users:read"), false),
            (json!("roster/users:write"), false),
            (json!("roster/roster/users:read"), false),
            (json!("rosterusers:read"), false),
        ] {
            let rules = Rules::new("https://issuer.example.org", "roster");
            assert_eq!(names_scope(&names, &rules, Scope::Read), allows, "{names}");
        }
    }
}

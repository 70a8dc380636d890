//! Claims that a gateway has verified. It checked the signature; issuer, audience, times and scopes are
//! checked again, since a gateway may be set to another issuer than this service.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{SKEW_SECONDS, token::Rules};
use crate::auth::{AuthError, GatewayClaims, Scope, Subject};

/// The subject of valid claims that allow `scope`.
pub(super) fn subject(claims: &GatewayClaims, rules: &Rules, scope: Scope) -> Result<Subject, AuthError> {
    if claims.text("iss") != Some(rules.issuer.as_str()) {
        return Err(AuthError::Invalid("from another issuer"));
    }
    // Cognito's access tokens have no `aud`: API Gateway compares `client_id` with the audience instead.
    let is_access_token = claims.text("token_use") == Some("access");
    let named = if claims.text("aud").is_none() && is_access_token { "client_id" } else { "aud" };
    if !claims.list(named).contains(&rules.audience.as_str()) {
        return Err(AuthError::Invalid("for another audience"));
    }
    let (now, skew) = (now_seconds(), f64::from(SKEW_SECONDS));
    if seconds(claims, "exp")?.ok_or(AuthError::Invalid("malformed"))? + skew <= now {
        return Err(AuthError::Invalid("expired"));
    }
    if seconds(claims, "nbf")?.is_some_and(|begins| begins - skew > now) {
        return Err(AuthError::Invalid("not valid yet"));
    }
    let has_scopes = ["scope", "scp"].iter().any(|name| claims.text(name).is_some());
    let claims_with_names: &[&str] = if has_scopes { &["scope", "scp"] } else { &["roles"] };
    let mut scopes =
        claims_with_names.iter().flat_map(|name| claims.list(name)).flat_map(str::split_whitespace);
    if !scopes.any(|name| rules.is_scope(name, scope)) {
        return Err(AuthError::LacksScope(scope));
    }
    Ok(Subject::new(claims.text("sub")))
}

/// A time in seconds, if there is one. Some gateways write a large number as `1.6E9`.
fn seconds(claims: &GatewayClaims, name: &str) -> Result<Option<f64>, AuthError> {
    let Some(text) = claims.text(name) else { return Ok(None) };
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    seconds.map(Some).ok_or(AuthError::Invalid("malformed"))
}

fn now_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verify(claims: &[(&str, &str)], scope: Scope) -> Result<bool, AuthError> {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let rules = Rules::new("https://issuer.example.org", "roster");
        match subject(&GatewayClaims::new(claims), &rules, scope) {
            Ok(_) => Ok(true),
            Err(AuthError::LacksScope(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[test]
    fn the_subject_of_claims_is_known() {
        let claims = |sub: Option<&str>| {
            let sub = sub.map(|sub| ("sub", sub));
            let claims = [
                ("iss", "https://issuer.example.org"),
                ("aud", "roster"),
                ("exp", "4102444800"),
                ("scope", "users:write"),
            ];
            let claims =
                claims.into_iter().chain(sub).map(|(name, value)| (name.to_owned(), value.to_owned()));
            subject(
                &GatewayClaims::new(claims),
                &Rules::new("https://issuer.example.org", "roster"),
                Scope::Write,
            )
        };
        assert_eq!(claims(Some("ada")), Ok(Subject::new(Some("ada"))));
        assert_ne!(claims(Some("ada")), claims(Some("bob")));
        assert_eq!(claims(None), Ok(Subject::new(None)));
    }

    #[test]
    fn issuer_audience_times_and_scopes_are_checked() {
        let (issuer, audience) = (("iss", "https://issuer.example.org"), ("aud", "roster"));
        let (expires, scope) = (("exp", "4102444800"), ("scope", "users:read"));
        let of_another = ("iss", "https://other.example.org");
        for (claims, allows) in [
            (&[issuer, audience, expires, scope][..], Ok(true)),
            (&[issuer, audience, expires, ("scp", "[users:read users:write]")], Ok(true)),
            (&[issuer, audience, expires, ("scope", "openid"), ("scp", "users:read")], Ok(true)),
            (&[issuer, audience, expires, ("scope", "users:write")], Ok(false)),
            (&[issuer, audience, expires, ("scope", "users:readers")], Ok(false)),
            (&[issuer, audience, expires, ("scope", "a,users:read")], Ok(false)),
            (&[issuer, audience, expires], Ok(false)),
            (&[issuer, audience, expires, ("scope", "openid roster/users:read")], Ok(true)),
            (&[issuer, audience, expires, ("roles", "[users:read]")], Ok(true)),
            (&[issuer, audience, expires, ("scope", "openid"), ("roles", "[users:read]")], Ok(false)),
            (&[issuer, ("aud", "[other roster]"), ("exp", "4.1024448E9"), scope], Ok(true)),
            (&[issuer, ("client_id", "roster"), ("token_use", "access"), expires, scope], Ok(true)),
            (&[issuer, ("client_id", "roster"), expires, scope], Err("for another audience")),
            (
                &[issuer, ("client_id", "roster"), ("token_use", "id"), expires, scope],
                Err("for another audience"),
            ),
            (
                &[issuer, ("client_id", "other"), ("token_use", "access"), expires, scope],
                Err("for another audience"),
            ),
            (&[issuer, expires, scope], Err("for another audience")),
            (
                &[issuer, ("aud", "other"), ("client_id", "roster"), expires, scope],
                Err("for another audience"),
            ),
            (&[issuer, ("aud", "[other another]"), expires, scope], Err("for another audience")),
            (&[issuer, ("aud", "evil roster"), expires, scope], Err("for another audience")),
            (&[of_another, audience, expires, scope], Err("from another issuer")),
            (&[audience, expires, scope], Err("from another issuer")),
            (&[issuer, audience, ("exp", "1600000000"), scope], Err("expired")),
            (&[issuer, audience, ("exp", "soon"), scope], Err("malformed")),
            (&[issuer, audience, ("exp", "NaN"), scope], Err("malformed")),
            (&[issuer, audience, scope], Err("malformed")),
            (&[issuer, audience, expires, ("nbf", "1600000000"), scope], Ok(true)),
            (&[issuer, audience, expires, ("nbf", "4.1E9"), scope], Err("not valid yet")),
            (&[issuer, audience, expires, ("nbf", "soon"), scope], Err("malformed")),
        ] {
            assert_eq!(verify(claims, Scope::Read), allows.map_err(AuthError::Invalid), "{claims:?}");
        }
    }
}

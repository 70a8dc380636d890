//! Claims that a gateway has verified: it checked the signature; whose they are, for whom and until when is looked at
//! again where they say it, since a gateway may be set to another issuer than this service.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{SKEW_SECONDS, token::Rules};
use crate::auth::{AuthError, GatewayClaims, Scope};

/// Whether claims that count allow `scope`.
pub(super) fn allows(claims: &GatewayClaims, rules: &Rules, scope: Scope) -> Result<bool, AuthError> {
    if claims.text("iss").is_some_and(|issuer| issuer != rules.issuer) {
        return Err(AuthError::Invalid("it is of another issuer"));
    }
    if claims.list("aud").is_some_and(|mut audiences| !audiences.any(|name| name == rules.audience)) {
        return Err(AuthError::Invalid("it is for another audience"));
    }
    if let Some(expires) = claims.text("exp") {
        // Some gateways write a large number as `1.6E9`.
        let expires = expires.parse().ok().filter(|expires: &f64| expires.is_finite());
        let expires = expires.ok_or(AuthError::Invalid("it is malformed"))?;
        if expires + f64::from(SKEW_SECONDS) <= now_seconds() {
            return Err(AuthError::Invalid("it has expired"));
        }
    }
    let mut scopes = ["scope", "scp"].into_iter().filter_map(|name| claims.list(name)).flatten();
    Ok(scopes.any(|name| name == scope.as_str()))
}

fn now_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(claims: &[(&str, &str)], scope: Scope) -> Result<bool, AuthError> {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let rules = Rules::new("https://issuer.example.org", "roster");
        allows(&GatewayClaims::new(claims), &rules, scope)
    }

    #[test]
    fn what_the_claims_say_is_looked_at() {
        let scope = ("scope", "users:read");
        for (claims, allows) in [
            (&[scope][..], Ok(true)),
            (&[("scp", "[users:read users:write]")], Ok(true)),
            (&[("scope", "openid"), ("scp", "users:read")], Ok(true)),
            (&[("scope", "users:write")], Ok(false)),
            (&[("scope", "users:readers")], Ok(false)),
            (&[], Ok(false)),
            (
                &[scope, ("iss", "https://issuer.example.org"), ("aud", "roster"), ("exp", "4102444800")],
                Ok(true),
            ),
            (&[scope, ("aud", "[other roster]"), ("exp", "4.1024448E9")], Ok(true)),
            (&[scope, ("iss", "https://other.example.org")], Err("it is of another issuer")),
            (&[scope, ("aud", "other")], Err("it is for another audience")),
            (&[scope, ("aud", "[other another]")], Err("it is for another audience")),
            (&[scope, ("exp", "1600000000")], Err("it has expired")),
            (&[scope, ("exp", "soon")], Err("it is malformed")),
            (&[scope, ("exp", "NaN")], Err("it is malformed")),
        ] {
            assert_eq!(of(claims, Scope::Read), allows.map_err(AuthError::Invalid), "{claims:?}");
        }
    }
}

//! The token of a request (RFC 6750, 2.1). Tokens in forms and queries are not accepted: they end up in logs.

use axum::http::{HeaderMap, header};

use crate::auth::AuthError;

/// The longest accepted token: ten times as long as most, and no more to decode than a small picture.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The one bearer token.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, AuthError> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next().ok_or(AuthError::NoToken)?;
    if values.next().is_some() {
        return Err(AuthError::Invalid("several `Authorization` headers were sent"));
    }
    let value = value.as_bytes();
    let scheme_end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, token) = value.split_at(scheme_end);
    if !scheme.eq_ignore_ascii_case(b"Bearer") {
        return Err(AuthError::NoToken);
    }
    let token = token.trim_ascii();
    if token.len() > MAX_TOKEN_BYTES {
        return Err(AuthError::Invalid("longer than 16 kB"));
    }
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte);
    match str::from_utf8(token) {
        Ok(text) if !text.is_empty() && token.iter().all(plain) => Ok(text),
        _ => Err(AuthError::Invalid("malformed")),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn token_of(values: &[&str]) -> Result<String, AuthError> {
        let values = values.iter().map(|value| HeaderValue::from_str(value).unwrap());
        let headers = values.map(|value| (header::AUTHORIZATION, value)).fold(
            HeaderMap::new(),
            |mut headers, (name, value)| {
                headers.append(name, value);
                headers
            },
        );
        bearer(&headers).map(str::to_owned)
    }

    #[test]
    fn one_bearer_token_is_accepted_and_nothing_else() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c "] {
            assert_eq!(token_of(&[value]).as_deref(), Ok("a.b.c"), "{value}");
        }
        for values in [&[][..], &[""], &["Basic YTpi"], &["a.b.c"], &["Bearera.b.c"], &["Digest x=\"y\""]] {
            assert_eq!(token_of(values), Err(AuthError::NoToken), "{values:?}");
        }
        let long = format!("Bearer {}", "a".repeat(MAX_TOKEN_BYTES + 1));
        for values in [
            &["Bearer"][..],
            &["Bearer "],
            &["Bearer a b"],
            &["Bearer a,b"],
            &["Bearer a", "Bearer a"],
            &[&long],
        ] {
            assert!(matches!(token_of(values), Err(AuthError::Invalid(_))), "{values:?}");
        }
    }
}

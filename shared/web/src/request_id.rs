//! `X-Request-Id`.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

/// The header.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The client's id where it has 1 to 128 characters of `[A-Za-z0-9._-]`, else a new UUID v7.
pub fn request_id(headers: &HeaderMap) -> HeaderValue {
    match headers.get(X_REQUEST_ID) {
        Some(id) if acceptable(id.as_bytes()) => id.clone(),
        _ => {
            let mut buffer = Uuid::encode_buffer();
            let id = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
            HeaderValue::from_str(id).expect("hex digits and hyphens")
        }
    }
}

fn acceptable(id: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=128).contains(&id.len()) && id.iter().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_id_is_kept_and_any_other_replaced() {
        for (sent, kept) in
            [("abc-1_2.3", true), ("", false), ("a b", false), ("a\u{e9}", false), (&"x".repeat(129), false)]
        {
            let value = HeaderValue::from_bytes(sent.as_bytes()).unwrap();
            let headers = HeaderMap::from_iter([(X_REQUEST_ID, value.clone())]);
            assert_eq!(request_id(&headers) == value, kept, "{sent:?}");
        }
    }
}

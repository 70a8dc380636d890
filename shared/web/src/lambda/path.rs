//! Paths and queries of events: as the client sent them, as far as the event source preserves that.

use std::fmt::Write as _;

/// `path` without `prefix`, where it begins with those segments.
pub(super) fn without<'a>(path: &'a str, prefix: &str) -> &'a str {
    match path.strip_prefix(prefix) {
        Some("") => "/",
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    }
}

/// A path as it may be in a URI. An HTTP API decodes what the client had encoded; what is encoded stays so.
pub(super) fn encoded(path: &str) -> String {
    escape(path, |byte| is_plain(byte) || b"/%!$&'()*+,;=:@".contains(&byte))
}

/// A query as it may be in a URI; what is encoded stays so.
pub(super) fn encoded_query(query: &str) -> String {
    escape(query, |byte| is_plain(byte) || b"/%!$&'()*+,;=:@?[]{}|^`\\".contains(&byte))
}

/// The query of parameters that the event source has decoded.
pub(super) fn query_of_decoded<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    join(parameters, |text| escape(text, is_plain))
}

/// The query of parameters that the event source has left encoded.
pub(super) fn query_of_encoded<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    join(parameters, encoded_query)
}

fn join<'a>(parameters: impl Iterator<Item = (&'a str, &'a str)>, encode: impl Fn(&str) -> String) -> String {
    let pairs: Vec<_> =
        parameters.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    pairs.join("&")
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

fn escape(text: &str, is_allowed: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if is_allowed(byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_stripped_only_at_a_segment_boundary() {
        for (path, prefix, rest) in [
            ("/users", "", "/users"),
            ("/v1/users", "/v1", "/users"),
            ("/v1", "/v1", "/"),
            ("/v1/v1/users", "/v1", "/v1/users"),
            ("/v12/users", "/v1", "/v12/users"),
            ("/users", "/v1", "/users"),
            ("", "", "/"),
        ] {
            assert_eq!(without(path, prefix), rest, "{path} without {prefix}");
        }
    }

    #[test]
    fn only_what_must_be_encoded_is_and_escapes_stay() {
        for (path, expected) in [
            ("/avatars/%61/..%2F/x", "/avatars/%61/..%2F/x"),
            ("/users/a b", "/users/a%20b"),
            ("/users/é?#\"", "/users/%C3%A9%3F%23%22"),
            ("//a/../b", "//a/../b"),
        ] {
            assert_eq!(encoded(path), expected);
        }
        assert_eq!(encoded_query("a=%20+b&c[]=#é"), "a=%20+b&c[]=%23%C3%A9");
    }

    #[test]
    fn parameters_become_a_query() {
        let parameters = [("limit", "1"), ("limit", "2"), ("a b", "+&=é")];
        assert_eq!(query_of_decoded(parameters.into_iter()), "limit=1&limit=2&a%20b=%2B%26%3D%C3%A9");
        assert_eq!(query_of_encoded([("a%20b", "+%26")].into_iter()), "a%20b=+%26");
    }
}

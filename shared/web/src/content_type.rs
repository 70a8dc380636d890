//! The declared type of a body.

use axum::http::{HeaderMap, header};

/// `Content-Type` as sent; empty if it is missing or not text.
pub fn content_type(headers: &HeaderMap) -> &str {
    headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The media type in it, in lower case and without parameters.
pub fn media_type(headers: &HeaderMap) -> String {
    content_type(headers).split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_media_type_has_no_parameters_and_no_letter_case() {
        for (value, media_type_of_it) in [
            ("text/plain", "text/plain"),
            ("Text/HTML; charset=UTF-8", "text/html"),
            ("multipart/form-data;boundary=\"A;b\"", "multipart/form-data"),
            (" image/png ", "image/png"),
            ("", ""),
        ] {
            let headers =
                HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_str(value).unwrap())]);
            assert_eq!(media_type(&headers), media_type_of_it, "{value}");
        }
        assert_eq!(media_type(&HeaderMap::new()), "");
    }
}

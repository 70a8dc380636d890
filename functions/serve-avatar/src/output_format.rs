//! The format of a picture.

use axum::http::{HeaderMap, header};
use domain::ImageFormat;

/// The requested format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OutputFormat {
    /// This one.
    Exactly(ImageFormat),
    /// JPEG, or PNG with transparency.
    Plain,
}

impl OutputFormat {
    /// The format by `Accept`: `WebP` if the client lists it, unless with `q=0`.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges = values.flat_map(|value| value.split(','));
        if ranges.any(is_webp) { Self::Exactly(ImageFormat::Webp) } else { Self::Plain }
    }
}

fn is_webp(range: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let named = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("image/webp"));
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let is_none = weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0));
    named && !is_none
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn webp_is_sent_to_clients_that_list_it() {
        let webp = OutputFormat::Exactly(ImageFormat::Webp);
        for (accept, output) in [
            ("image/webp", webp),
            ("image/avif,image/webp,*/*;q=0.8", webp),
            ("text/html, IMAGE/WEBP;q=0.1", webp),
            ("image/webp;q=0, image/png", OutputFormat::Plain),
            ("image/webp;q=0.000", OutputFormat::Plain),
            ("image/*", OutputFormat::Plain),
            ("*/*", OutputFormat::Plain),
            ("", OutputFormat::Plain),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(OutputFormat::of(&headers), output, "{accept}");
        }
        assert_eq!(OutputFormat::of(&HeaderMap::new()), OutputFormat::Plain);
    }
}

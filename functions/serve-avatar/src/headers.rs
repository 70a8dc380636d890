//! Headers of every picture.

use axum::http::HeaderValue;

/// No browser guesses at another kind.
pub(crate) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// Even a picture that is taken for a page can do nothing.
pub(crate) const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

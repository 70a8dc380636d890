//! Headers of every picture.

use axum::http::HeaderValue;

/// Browsers do not guess another type.
pub(crate) const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A picture that is opened as a page cannot run or load anything.
pub(crate) const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

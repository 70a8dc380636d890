//! A page of users as it is sent, and the headers of every list.

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::Digest;
use web::{Problem, answer::SHARED_BRIEFLY, conditional::ETag};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The array, its entity tag, and the `Link` to the next page.
pub(crate) struct EncodedPage {
    array: Bytes,
    tag: ETag,
    link: Option<HeaderValue>,
}

impl EncodedPage {
    pub(crate) fn new(array: Vec<u8>, link: Option<HeaderValue>) -> Self {
        // Without the capacity that is left: it may be kept for long.
        let array = Bytes::from(array.into_boxed_slice());
        Self { tag: ETag::of_content(&Digest::of(&array)), array, link }
    }

    /// Bytes in memory.
    pub(crate) fn bytes(&self) -> usize {
        self.array.len() + self.link.as_ref().map_or(0, HeaderValue::len)
    }

    /// The response to a request with these headers: `304` if the client has this page.
    pub(crate) fn answer(&self, request: &HeaderMap) -> Result<Response, Problem> {
        let mut headers = headers(self.link.clone());
        headers.insert(header::ETAG, self.tag.to_header());
        if self.tag.check_read(request)? {
            return Ok(not_modified(headers));
        }
        Ok((headers, Body::from(self.array.clone())).into_response())
    }
}

/// Those of every list.
pub(crate) fn headers(link: Option<HeaderValue>) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, SHARED_BRIEFLY);
    if let Some(link) = link {
        headers.insert(header::LINK, link);
    }
    headers
}

/// With the headers that the `200` would have.
pub(crate) fn not_modified(mut headers: HeaderMap) -> Response {
    headers.remove(header::CONTENT_TYPE);
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

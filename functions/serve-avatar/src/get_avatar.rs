use std::ops::RangeInclusive;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{AvatarKey, Error, Image};
use web::{Kind, Problem, conditional::ETag};

use crate::ServeAvatar;

const IMMUTABLE: HeaderValue = HeaderValue::from_static(AvatarKey::CACHE_CONTROL);
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
/// Even a picture that is taken for a page can do nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

web::problems!(GetAvatarProblems: BadRequest, NotFound, PreconditionFailed, RangeNotSatisfiable, Unavailable, Busy);

/// Get an image as it is kept
///
/// The URL is never reused, so it may be cached for ever.
#[utoipa::path(get, path = "/avatars/{id}/{file}", tag = "avatars",
    params(
        ("id" = String, Path, description = "The user."),
        ("file" = String, Path, description = "The upload, a UUID, and the extension."),
        ("Range" = Option<String>, Header, description = "One range of bytes (RFC 9110, 14)."),
        ("If-None-Match" = Option<String>, Header, description = "The client's `ETag`."),
    ),
    responses(
        (status = 200, description = "The image.", headers(("ETag" = String, description = "SHA-256 of the content.")),
            content((Vec<u8> = "image/jpeg"), (Vec<u8> = "image/png"), (Vec<u8> = "image/webp"))),
        (status = 206, description = "A range of it."),
        (status = 304, description = "The client has it already."),
        GetAvatarProblems,
    ))]
pub(crate) async fn get_avatar(
    State(state): State<ServeAvatar>,
    request: Request,
) -> Result<Response, Problem> {
    // The path as it was sent: a key has one spelling, so that a cache has one entry.
    let key: AvatarKey = request.uri().path()[1..].parse().map_err(|_| Error::NotFound)?;
    let image = state.avatars.read(&key).await?;
    let tag = ETag::of_content(&image.digest);
    tag.check_if_match(request.headers())?;

    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::ETAG, tag.to_header());
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    if tag.client_has_it(request.headers())? {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(key.content_type()));
    match range(request.headers(), &tag, &image)? {
        None => Ok((headers, image.bytes).into_response()),
        Some(range) => {
            let (first, last) = (*range.start(), *range.end());
            let content_range = format!("bytes {first}-{last}/{}", image.bytes.len());
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&content_range).expect("digits"));
            Ok((StatusCode::PARTIAL_CONTENT, headers, image.bytes.slice(range)).into_response())
        }
    }
}

/// The one range that is asked for. Several are answered with the whole, and so is what is no range of bytes
/// (RFC 9110, 14.2).
fn range(headers: &HeaderMap, tag: &ETag, image: &Image) -> Result<Option<RangeInclusive<usize>>, Problem> {
    let Some(value) = headers.get(header::RANGE).and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let Ok(parsed) = http_range_header::parse_range_header(value) else { return Ok(None) };
    if !tag.allows_range(headers) || parsed.ranges.len() != 1 {
        return Ok(None);
    }
    let length = image.bytes.len();
    let ranges = parsed.validate(length as u64).map_err(|_| {
        let content_range = HeaderValue::from_str(&format!("bytes */{length}")).expect("digits");
        Problem::new(Kind::RangeNotSatisfiable, format!("The image has {length} bytes."))
            .with_header(header::CONTENT_RANGE, content_range)
    })?;
    let to_usize = |bound: u64| usize::try_from(bound).expect("a position in the image");
    Ok(ranges.first().map(|range| to_usize(*range.start())..=to_usize(*range.end())))
}

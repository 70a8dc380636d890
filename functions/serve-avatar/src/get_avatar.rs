use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{AvatarKey, Error, OpenImage};
use web::{AnswerLimit, Kind, Problem, conditional::ETag};

use crate::{
    ServeAvatar,
    headers::{NOSNIFF, SANDBOX},
    pieces,
    range::{Range, range},
};

const IMMUTABLE: HeaderValue = HeaderValue::from_static(AvatarKey::CACHE_CONTROL);

web::problems!(GetAvatarProblems: BadRequest, NotFound, PreconditionFailed, RangeNotSatisfiable, Unavailable, Busy, AnswerTooLarge);

/// Get an image as it is stored
///
/// The URL is never reused, so the image may be cached forever.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/avatars/{id}/{file}", tag = "avatars",
    params(
        web::schema::UserId,
        ("file" = String, Path, description = "The upload, a UUID, and the extension.",
            pattern = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.(jpg|png|webp)$"),
        web::schema::Range,
        web::schema::IfMatch,
        web::schema::IfNoneMatch,
    ),
    responses(
        (status = 200, description = "The image.", headers(("ETag" = String, description = "SHA-256 of the content.")),
            content((inline(web::schema::ImageBytes) = "image/jpeg"), (inline(web::schema::ImageBytes) = "image/png"),
                (inline(web::schema::ImageBytes) = "image/webp"))),
        (status = 206, description = "The requested range.",
            headers(("ETag" = String, description = "SHA-256 of the content."),
                ("Content-Range" = String, description = "The range, and the size of the image.")),
            content((inline(web::schema::ImageBytes) = "image/jpeg"), (inline(web::schema::ImageBytes) = "image/png"),
                (inline(web::schema::ImageBytes) = "image/webp"))),
        web::schema::NotModified,
        (status = 307, description = "The image exceeds the response limit of the gateway: get it from the store.",
            headers(("Location" = String, description = "A URL of the store, valid for minutes."))),
        GetAvatarProblems,
    )))]
pub(crate) async fn get_avatar(
    State(state): State<ServeAvatar>,
    request: Request,
) -> Result<Response, Problem> {
    // The path as sent: a key has only one spelling, so that a cache has only one entry.
    let key: AvatarKey = request.uri().path()[1..].parse().map_err(|_| Error::NotFound)?;
    let room = state.memory.room(OpenImage::PIECE_BYTES)?;
    let image = state.avatars.open(&key).await?;
    let tag = ETag::of_content(&image.digest);
    let client_has_it = tag.check_read(request.headers())?;

    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(header::ETAG, tag.to_header());
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    if client_has_it {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(key.content_type()));
    let length = image.length;
    if length == 0 {
        return Err(Error::damaged("the stored image is empty").into());
    }
    let (status, range) = match requested_range(&request, &tag, length) {
        Range::Whole => (StatusCode::OK, 0..=length - 1),
        Range::Part(range) => {
            let content_range = format!("bytes {}-{}/{length}", range.start(), range.end());
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_str(&content_range).expect("digits"));
            (StatusCode::PARTIAL_CONTENT, range)
        }
        Range::Unsatisfiable => {
            let content_range = HeaderValue::from_str(&format!("bytes */{length}")).expect("digits");
            return Err(Problem::new(Kind::RangeNotSatisfiable, format!("The image has {length} bytes."))
                .with_header(header::CONTENT_RANGE, content_range));
        }
    };
    let bytes = range.end() - range.start() + 1;
    if exceeds_gateway(&request, bytes) {
        return elsewhere(&state, &key).await;
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    let body = if request.method() == Method::HEAD {
        Body::empty()
    } else {
        pieces::body(image, range, room, &state.memory)
    };
    Ok((status, headers, body).into_response())
}

/// Whether a gateway that carries responses in one piece cannot carry this one. The response to a `HEAD` has no body.
fn exceeds_gateway(request: &Request, bytes: usize) -> bool {
    let limit = request.extensions().get::<AnswerLimit>();
    request.method() != Method::HEAD && limit.is_some_and(|limit| !limit.carries_binary(bytes))
}

/// Sends the client to the store for an image that the gateway cannot carry.
async fn elsewhere(state: &ServeAvatar, key: &AvatarKey) -> Result<Response, Problem> {
    let Some(url) = state.avatars.link(key).await? else {
        let detail = "The image exceeds the response limit of the gateway; request a `Range`.";
        return Err(Problem::new(Kind::AnswerTooLarge, detail));
    };
    let mut headers = HeaderMap::with_capacity(4);
    let url = HeaderValue::from_str(&url).map_err(Error::damaged)?;
    headers.insert(header::LOCATION, url);
    // It is valid for minutes.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
}

/// The requested range: only for `GET`, and only if `If-Range` matches.
fn requested_range(request: &Request, tag: &ETag, length: usize) -> Range {
    let headers = request.headers();
    match headers.get(header::RANGE).and_then(|value| value.to_str().ok()) {
        Some(value) if request.method() == Method::GET && tag.allows_range(headers) => range(value, length),
        _ => Range::Whole,
    }
}

use std::collections::BTreeMap;

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use domain::{Digest, DirectUpload, DirectUploadId, DirectUploadType, FieldError, SendTo, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{App, Kind, Problem, answer, body, direct_upload, extract::json_object, problem::FieldProblem};

/// The largest announcement, in bytes.
const MAX_BYTES: usize = 1024;

/// What will be sent.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UploadAnnouncement)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct AnnouncementBody {
    /// `image/jpeg`, `image/png`, `image/webp` or `image/gif`.
    #[schema(
        example = "image/jpeg",
        pattern = "^[iI][mM][aA][gG][eE]/([jJ][pP][eE][gG]|[pP][nN][gG]|[wW][eE][bB][pP]|[gG][iI][fF])$"
    )]
    content_type: String,
    /// In bytes; at most 16 MiB by default.
    #[schema(example = 8_371_079, minimum = 1, maximum = 33_554_432)]
    size: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: Option<String>,
}

/// Where to send an image.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = AnnouncedUpload))]
pub(crate) struct AnnouncedBody {
    /// Names the upload for `POST /user` and `PUT /users/{id}/avatar`. Keep it secret.
    #[cfg_attr(feature = "openapi", schema(format = "uuid"))]
    upload: String,
    /// `PUT`.
    method: &'static str,
    /// Where to send the bytes. Keep it secret.
    url: String,
    /// The headers of that request.
    headers: BTreeMap<String, String>,
    /// Until when it can be sent: ten minutes. RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    expires_at: String,
}

web::problems!(AnnounceUploadProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, TooSlow, TooLarge,
    UnsupportedMediaType, UnsupportedImage, Unavailable, Busy, IssuerUnavailable);

/// Announce a direct upload
///
/// For images that a gateway cannot carry in one request. Send the image to `url` with exactly these `headers`, then
/// pass `upload` to `POST /user` or `PUT /users/{id}/avatar`. It can be used once, within 23 hours.
#[cfg_attr(feature = "openapi", utoipa::path(post, path = "/uploads", tag = "users", security(("token" = ["users:write"])),
    request_body(content = AnnouncementBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The image can be sent.", body = AnnouncedBody,
            links(("send" = (operation_id = "put_upload", parameters(("upload" = "$response.body#/upload")))))),
        AnnounceUploadProblems,
    )))]
pub(crate) async fn announce_upload(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, &parts.headers, MAX_BYTES, &app.upload_memory).await?;
    let announced = parse(&json_object(&parts.headers, &bytes, EXAMPLE)?)?;
    let Some(content_type) = DirectUploadType::named(&announced.content_type) else {
        let known = DirectUploadType::ALL.map(DirectUploadType::name).join(", ");
        return Err(Problem::new(Kind::UnsupportedImage, format!("An image can be announced as {known}.")));
    };
    let most = app.config.max_upload_bytes;
    if announced.size > most as u64 {
        let detail = format!("An image may have at most {most} bytes.");
        return Err(Problem::new(Kind::TooLarge, detail).of_upload());
    }
    let upload = DirectUpload {
        id: DirectUploadId::random(),
        content_type,
        bytes: usize::try_from(announced.size).expect("at most the limit"),
        digest: announced.digest,
        subject: direct_upload::subject(&parts.extensions),
        announced_at: Timestamp::now(),
    };
    let (url, headers, until) = match app.stores().uploads.announce(&upload).await? {
        SendTo::ThisApi => {
            let content_type = (header::CONTENT_TYPE.to_string(), content_type.name().to_owned());
            (app.links.to(&format!("/uploads/{}", upload.id)), vec![content_type], None)
        }
        SendTo::Elsewhere { url, headers, until } => (url, headers, until),
    };
    let body = AnnouncedBody {
        upload: upload.id.to_string(),
        method: "PUT",
        url,
        headers: headers.into_iter().collect(),
        expires_at: until.unwrap_or_else(|| upload.open_until()).to_string(),
    };
    let mut response = answer::json(StatusCode::CREATED, &body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A whole number, which JSON may also write as `1.0`; above 2^53 it is rounded, far above any limit.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole and not negative, and saturates"
)]
fn bytes(size: &Value) -> Option<u64> {
    let whole = |size: &f64| size.fract() == 0.0 && *size >= 0.0;
    size.as_u64().or_else(|| size.as_f64().filter(whole).map(|size| size as u64))
}

const EXAMPLE: &str = r#"{"content_type": "image/jpeg", "size": 8371079}"#;

/// An announcement whose fields are valid by themselves.
struct Announcement {
    content_type: String,
    size: u64,
    digest: Option<Digest>,
}

/// Reports all invalid fields at once.
fn parse(object: &Map<String, Value>) -> Result<Announcement, Problem> {
    let mut errors: Vec<_> = object
        .keys()
        .filter(|name| !["content_type", "size", "sha256"].contains(&name.as_str()))
        .map(|name| FieldProblem::new(name.chars().take(64).collect::<String>(), &FieldError("is unknown")))
        .collect();
    let mut field =
        |name: &'static str, error: &'static str| errors.push(FieldProblem::new(name, &FieldError(error)));
    let content_type = object.get("content_type").and_then(Value::as_str).map(str::to_ascii_lowercase);
    if content_type.is_none() {
        field("content_type", "must be a media type, such as `image/jpeg`");
    }
    let size = object.get("size").and_then(bytes).filter(|size| *size > 0);
    if size.is_none() {
        field("size", "must be the number of bytes, at least 1");
    }
    let digest = match object.get("sha256") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let digest = value.as_str().and_then(|text| text.parse().ok());
            if digest.is_none() {
                field("sha256", "must be 64 lower-case hex digits");
            }
            digest
        }
    };
    match (content_type, size) {
        (Some(content_type), Some(size)) if errors.is_empty() => {
            Ok(Announcement { content_type, size, digest })
        }
        _ => Err(Problem::fields(errors)),
    }
}

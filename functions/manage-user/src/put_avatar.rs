use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use domain::{Digest, DirectUploadId, FieldError, NewAvatar, Timestamp, TraceParent, UserId};
use futures_util::FutureExt as _;
use rendering::Accepted;
use runtime::telemetry::Uploaded;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{
    App, Kind, Problem,
    body::{self, BodyBytes},
    conditional::ETag,
    content_type::media_type,
    direct_upload,
    extract::{Path, json_object},
    form::{Form, Part},
    problem::FieldProblem,
};

use crate::{change::change, user_body::answer};

/// The image as a form.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AvatarForm)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct AvatarForm {
    /// JPEG, PNG, WebP or GIF; at most 16 MiB by default, 16384 pixels per side, 64 million pixels in total.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    avatar: Vec<u8>,
}

/// The image as a direct upload.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AvatarUpload)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct UploadBody {
    /// The `upload` that `POST /uploads` returned, once the image was sent.
    #[schema(format = "uuid")]
    upload: String,
}

/// The largest body that names a direct upload, in bytes.
const MAX_NAME_BYTES: usize = 1024;

web::problems!(PutAvatarProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, NotFound, TooSlow,
    PreconditionFailed, TooLarge, UnsupportedMediaType, UnsupportedImage, UndecodableImage, ImageTooDemanding,
    Unavailable, Busy, IssuerUnavailable);

/// Replace a user's avatar
///
/// The image as the body, as the part `avatar` of a form, or as a direct upload. It gets a new URL; the old URL is a
/// `404`.
#[cfg_attr(feature = "openapi", utoipa::path(put, path = "/users/{id}/avatar", tag = "users", security(("token" = ["users:write"])),
    params(web::schema::UserId, web::schema::IfMatch, web::schema::IfNoneMatchOfWrite),
    request_body(content((inline(web::schema::ImageBytes) = "image/*"), (AvatarForm = "multipart/form-data"), (UploadBody = "application/json"))),
    responses(
        (status = 200, description = "The user as it is now.", body = crate::user_body::UserBody,
            headers(("ETag" = String, description = "Identifies this version of the user.")),
            links(("get" = (operation_id = "get_user",
                parameters(("id" = "$response.body#/id"), ("If-None-Match" = "$response.header.ETag")))))),
        PutAvatarProblems,
    )))]
pub(crate) async fn put_avatar(
    State(app): State<App>,
    Path(user_id): Path<UserId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    // Fail early, before the image is read.
    ETag::of_user(&app.stores().users.get(&user_id).await?).check_write(&parts.headers)?;
    let (bytes, direct) = match read(&app, body, &parts.headers).await? {
        Source::Request(bytes) => (bytes, None),
        Source::DirectUpload(id) => {
            let subject = direct_upload::subject(&parts.extensions);
            (direct_upload::read(&app, &id, subject).await?, Some(id))
        }
    };
    let max_bytes = if direct.is_some() { app.config.max_upload_bytes } else { app.max_image_bytes };
    let accepted = accept(&app, bytes, max_bytes).await;
    let Accepted { image, format, .. } = match &direct {
        None => accepted?,
        Some(id) => direct_upload::keep_if_accepted(&app, id, accepted).await?,
    };
    if let Some(id) = &direct {
        // Once more: what would be refused must not use up the upload.
        ETag::of_user(&app.stores().users.get(&user_id).await?).check_write(&parts.headers)?;
        // The same if it is repeated, after an answer that was lost.
        let request = Digest::of_parts(&[b"avatar", user_id.as_bytes(), id.to_string().as_bytes()]);
        direct_upload::claim(&app, id, &request).await?;
    }
    let trace_parent = parts.extensions.get::<TraceParent>().copied();
    let replace = |user: domain::User| {
        let (users, new) = (app.stores().users.clone(), NewAvatar::new(image.clone(), trace_parent));
        async move { users.replace_avatar(&user, new, Timestamp::now()).await }.boxed()
    };
    let user = change(app.stores().users.as_ref(), &user_id, &parts.headers, replace).await?;
    if let Some(id) = &direct {
        direct_upload::remove(&app, id).await;
    }
    let mut response = answer(&user, &app.links);
    response.extensions_mut().insert(Uploaded(format));
    Ok(response)
}

/// Accepts the image, which takes over the memory of the bytes that it was made of.
async fn accept(app: &App, bytes: BodyBytes, max_bytes: usize) -> Result<Accepted<()>, Problem> {
    let sent = bytes.clone().into_bytes();
    let mut accepted = rendering::accept(app.image_work(), sent, max_bytes, || ()).await??;
    accepted.image.bytes = bytes.replace(accepted.image.bytes)?;
    Ok(accepted)
}

/// Where the image comes from.
enum Source {
    Request(BodyBytes),
    DirectUpload(DirectUploadId),
}

/// The image, or the direct upload that the request names. The declared image type is ignored.
async fn read(app: &App, body: Body, headers: &HeaderMap) -> Result<Source, Problem> {
    let media_type = media_type(headers);
    if media_type == "multipart/form-data" {
        let parts = [Part::File("avatar", app.max_image_bytes)];
        let form = Form::read(body, headers, &parts, &app.upload_memory).await;
        let mut form = form.map_err(|problem| app.of_large_image(problem))?;
        let avatar = form.file("avatar").map_err(|error| Problem::fields(vec![error]))?;
        return Ok(Source::Request(avatar));
    }
    if media_type == "application/json" {
        let bytes = body::read(body, headers, MAX_NAME_BYTES, &app.upload_memory).await?;
        return direct_upload_of(headers, &bytes).map(Source::DirectUpload);
    }
    if !media_type.starts_with("image/") {
        let detail = "Send the image itself with its `Content-Type: image/…`, a form with the part `avatar`, or \
                      `{\"upload\": \"…\"}` as `application/json`.";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let read = body::read(body, headers, app.max_image_bytes, &app.upload_memory).await;
    read.map(Source::Request).map_err(|error| app.of_large_image(Problem::from(error).of_upload()))
}

fn direct_upload_of(headers: &HeaderMap, body: &BodyBytes) -> Result<DirectUploadId, Problem> {
    let object = json_object(headers, body, r#"{"upload": "…"}"#)?;
    let mut errors = Vec::new();
    for name in object.keys().filter(|name| *name != direct_upload::FIELD) {
        let name: String = name.chars().take(64).collect();
        errors.push(FieldProblem::new(name, &FieldError("is unknown")));
    }
    let id = match object.get(direct_upload::FIELD).and_then(|value| value.as_str()) {
        Some(text) => direct_upload::parse(text),
        None => Err(FieldError("must be the `upload` that `POST /uploads` returned")),
    };
    match id {
        Ok(id) if errors.is_empty() => Ok(id),
        id => {
            errors.extend(id.err().map(|error| FieldProblem::new(direct_upload::FIELD, &error)));
            Err(Problem::fields(errors))
        }
    }
}

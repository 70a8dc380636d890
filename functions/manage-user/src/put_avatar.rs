use axum::{
    body::Body,
    extract::{Request, State},
    http::HeaderMap,
    response::Response,
};
use domain::{NewAvatar, Timestamp, TraceParent, UserId};
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
    extract::Path,
    form::{Form, Part},
};

use crate::{change::change, user_body::answer};

/// The image as a form.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[schema(as = AvatarForm)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct AvatarForm {
    /// JPEG, PNG, WebP or GIF; at most 16 MiB by default, 16384 pixels per side, 64 million pixels in total.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    avatar: Vec<u8>,
}

web::problems!(PutAvatarProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, NotFound, TooSlow,
    PreconditionFailed, TooLarge, UnsupportedMediaType, UnsupportedImage, UndecodableImage, ImageTooDemanding,
    Unavailable, Busy, IssuerUnavailable);

/// Replace a user's avatar
///
/// The image as the body, or as the part `avatar` of a form. It gets a new URL; the old URL is a `404`.
#[cfg_attr(feature = "openapi", utoipa::path(put, path = "/users/{id}/avatar", tag = "users", security(("token" = ["users:write"])),
    params(
        ("id" = String, Path, description = "The user."),
        ("If-Match" = Option<String>, Header, description = "Change only this version of the user."),
    ),
    request_body(content((Vec<u8> = "image/*"), (AvatarForm = "multipart/form-data"))),
    responses(
        (status = 200, description = "The user as it is now.", body = crate::user_body::UserBody,
            headers(("ETag" = String, description = "Identifies this version of the user."))),
        PutAvatarProblems,
    )))]
pub(crate) async fn put_avatar(
    State(app): State<App>,
    Path(id): Path<UserId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    // Fail early, before the image is read.
    ETag::of_user(&app.stores().users.get(&id).await?).check_if_match(&parts.headers)?;
    let upload = read(&app, body, &parts.headers).await?;
    let bytes = upload.clone().into_bytes();
    let accepted = rendering::accept(app.image_work(), bytes, app.max_image_bytes, || ());
    let Accepted { mut image, format, .. } = accepted.await??;
    image.bytes = upload.replace(image.bytes)?;
    let trace_parent = parts.extensions.get::<TraceParent>().copied();
    let replace = |user: domain::User| {
        let (users, new) = (app.stores().users.clone(), NewAvatar::new(image.clone(), trace_parent));
        async move { users.replace_avatar(&user, new, Timestamp::now()).await }.boxed()
    };
    let user = change(app.stores().users.as_ref(), &id, &parts.headers, replace).await?;
    let mut response = answer(&user, &app.links);
    response.extensions_mut().insert(Uploaded(format));
    Ok(response)
}

/// The bytes of the image. The declared image type is ignored.
async fn read(app: &App, body: Body, headers: &HeaderMap) -> Result<BodyBytes, Problem> {
    let media_type = media_type(headers);
    if media_type == "multipart/form-data" {
        let parts = [Part::File("avatar", app.max_image_bytes)];
        let mut form = Form::read(body, headers, &parts, &app.upload_memory).await?;
        return form.file("avatar").map_err(|error| Problem::fields(vec![error]));
    }
    if !media_type.starts_with("image/") {
        let detail =
            "Send the image itself with its `Content-Type: image/…`, or a form with the part `avatar`.";
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let read = body::read(body, headers, app.max_image_bytes, &app.upload_memory).await;
    read.map_err(|error| Problem::from(error).of_upload())
}

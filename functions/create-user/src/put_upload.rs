use axum::{
    extract::{Request, State},
    http::StatusCode,
};
use domain::{DirectUploadId, Timestamp};
use web::{App, Kind, Problem, body, content_type::media_type, direct_upload, extract::Path};

web::problems!(PutUploadProblems: BadRequest, ForeignSite, NotFound, TooSlow, TooLarge, UnsupportedMediaType, Unavailable, Busy);

/// Send the image of a direct upload
///
/// Only to a `url` that `POST /uploads` returned: where images are in S3, it is one of S3. It takes no token, and no
/// other size, type or SHA-256 than was announced.
#[cfg_attr(feature = "openapi", utoipa::path(put, path = "/uploads/{upload}", tag = "users",
    params(("upload" = String, Path, description = "The upload.", format = "uuid")),
    request_body(content(
        (inline(web::schema::ImageBytes) = "image/jpeg"), (inline(web::schema::ImageBytes) = "image/png"),
        (inline(web::schema::ImageBytes) = "image/webp"), (inline(web::schema::ImageBytes) = "image/gif"))),
    responses(
        (status = 200, description = "The image was received. It can be sent again until it is used."),
        PutUploadProblems,
    )))]
pub(crate) async fn put_upload(
    State(app): State<App>,
    Path(id): Path<DirectUploadId>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let uploads = &app.stores().uploads;
    let gone = || {
        let detail =
            "There is no such upload, or it has expired or was used; announce one with `POST /uploads`.";
        Problem::new(Kind::NotFound, detail)
    };
    let upload = uploads.find(&id).await?.filter(|upload| upload.is_open(Timestamp::now()));
    let upload = upload.ok_or_else(gone)?;
    if media_type(&parts.headers) != upload.content_type.name() {
        let detail = format!(
            "The upload was announced as {0}; send it with `Content-Type: {0}`.",
            upload.content_type.name()
        );
        return Err(Problem::new(Kind::UnsupportedMediaType, detail));
    }
    let bytes = body::read(body, &parts.headers, upload.bytes, &app.upload_memory).await;
    let bytes = bytes.map_err(|error| Problem::from(error).of_upload())?;
    direct_upload::check_content(&app, &upload, &bytes).await?;
    if uploads.is_claimed(&id).await? {
        return Err(gone());
    }
    match uploads.keep(&id, bytes.into_bytes()).await {
        Err(domain::Error::NotFound) => return Err(gone()),
        kept => kept?,
    }
    // A request may have used it meanwhile, and removed the bytes before these came.
    if uploads.is_claimed(&id).await? {
        direct_upload::remove(&app, &id).await;
        return Err(gone());
    }
    Ok(StatusCode::OK)
}

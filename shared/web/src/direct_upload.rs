//! An image that was sent before the request that uses it: found, read and claimed, with the problem of each step.

use std::time::Duration;

use axum::http::Extensions;
use bytes::Bytes;
use domain::{Claim, Digest, DirectUpload, DirectUploadId, FieldError, Timestamp};
use runtime::ImageTask;
use tokio::time::timeout;

use crate::{App, Kind, Problem, auth::Subject, body::BodyBytes, problem::FieldProblem};

/// The field that names an upload.
pub const FIELD: &str = "upload";

const UNKNOWN: &str =
    "is unknown, or was announced with another token: announce it with `POST /uploads`, and send the image";
const NOT_SENT: &str = "was not sent yet: send the image to the `url` that `POST /uploads` returned";
const EXPIRED: &str = "has expired: announce it again with `POST /uploads`, and send the image";
const CLAIMED: &str = "was already used: announce another with `POST /uploads`, and send the image";

/// The digest of the subject that this request comes from.
pub fn subject(extensions: &Extensions) -> Option<Digest> {
    extensions.get::<Subject>().and_then(|subject| subject.digest())
}

/// Its name, as a field.
///
/// # Errors
/// [`FieldError`] if it cannot be one.
pub fn parse(text: &str) -> Result<DirectUploadId, FieldError> {
    text.trim().parse().map_err(|_| FieldError(UNKNOWN))
}

/// The bytes of an upload that was announced by `subject`, counted in the memory for uploads.
///
/// # Errors
/// `400` with the field, if it is unknown, expired, used or not sent yet; `503` if there is no memory, or from the
/// store.
pub async fn read(app: &App, id: &DirectUploadId, subject: Option<Digest>) -> Result<BodyBytes, Problem> {
    let uploads = &app.stores().uploads;
    let now = Timestamp::now();
    let upload = uploads.find(id).await?.filter(|upload| upload.subject == subject);
    let upload = upload.ok_or_else(|| refused(UNKNOWN))?;
    if !upload.is_usable(now) {
        return Err(refused(EXPIRED));
    }
    let room = app.upload_memory.room(upload.bytes)?;
    if let Some(bytes) = uploads.read(&upload).await? {
        return Ok(room.hold_body(bytes));
    }
    Err(refused(if uploads.is_claimed(id).await? {
        CLAIMED
    } else if upload.is_open(now) {
        NOT_SENT
    } else {
        EXPIRED
    }))
}

/// Claims the upload for one request; `request` is the same if it is repeated.
///
/// # Errors
/// `400` if another request has used it.
pub async fn claim(app: &App, id: &DirectUploadId, request: &Digest) -> Result<(), Problem> {
    match app.stores().uploads.claim(id, request).await? {
        Claim::Granted => Ok(()),
        Claim::Taken => Err(refused(CLAIMED)),
    }
}

/// How long an answer may wait for the bytes to be removed.
const REMOVAL: Duration = Duration::from_secs(1);

/// Removes the bytes of an upload that no request can use any more. Without success it only takes until they expire.
pub async fn remove(app: &App, id: &DirectUploadId) {
    let removed = timeout(REMOVAL, app.stores().uploads.remove(id)).await;
    if let Err(error) = removed.unwrap_or_else(|late| Err(domain::Error::unavailable(late))) {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "could not remove a direct upload that was used; it will expire");
    }
}

/// Passes on what became of the image. One that can never be stored is removed; another can be sent while it is open.
///
/// # Errors
/// That of `accepted`.
pub async fn keep_if_accepted<T>(
    app: &App,
    id: &DirectUploadId,
    accepted: Result<T, Problem>,
) -> Result<T, Problem> {
    const FINAL: [Kind; 2] = [Kind::UnsupportedImage, Kind::UndecodableImage];
    if accepted.as_ref().is_err_and(|problem| FINAL.contains(&problem.kind())) {
        remove(app, id).await;
    }
    accepted
}

/// Compares what was sent to this API with what was announced.
///
/// # Errors
/// `400` if it differs; `503` if too much image work is waiting.
pub async fn check_content(app: &App, upload: &DirectUpload, bytes: &Bytes) -> Result<(), Problem> {
    if bytes.len() != upload.bytes {
        let detail = format!("The upload was announced with {} bytes; send exactly these.", upload.bytes);
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    let Some(announced) = upload.digest else { return Ok(()) };
    let bytes = bytes.clone();
    if announced != app.image_work().run(ImageTask::Inspect, 0, move || Digest::of(&bytes)).await? {
        let detail = "The upload was announced with another SHA-256; send the announced image.";
        return Err(Problem::new(Kind::BadRequest, detail));
    }
    Ok(())
}

impl App {
    /// The problem of an image that does not fit a request, which direct upload may help with.
    pub fn of_large_image(&self, problem: Problem) -> Problem {
        let takes_uploads = self.config.takes_uploads();
        if problem.is_of_upload() && takes_uploads && self.max_image_bytes < self.config.max_upload_bytes {
            let most = self.config.max_upload_bytes;
            return problem
                .adding(&format!("Send an image of up to {most} bytes by direct upload: `POST /uploads`."));
        }
        problem
    }
}

fn refused(why: &'static str) -> Problem {
    Problem::fields(vec![FieldProblem::new(FIELD, &FieldError(why))])
}

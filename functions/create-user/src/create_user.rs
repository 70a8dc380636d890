use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{
    Created, Digest, DirectUploadId, Idempotency, IdempotencyKey, Image, NewAvatar, NewUser, Timestamp,
    TraceParent, User, UserId,
};
use rendering::Accepted;
use runtime::telemetry::Uploaded;
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{
    App, Kind, Problem, answer,
    body::BodyBytes,
    direct_upload,
    form::{Form, Part},
};

use crate::payload::{Fields, Source, idempotency_key, payload};

/// A created user.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = CreatedUser))]
pub(crate) struct CreatedBody {
    /// SHA-256 of the trimmed e-mail in lower case and NFC, with its domain in Unicode, in hex.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    id: String,
    #[cfg_attr(feature = "openapi", schema(example = "Ada Lovelace"))]
    name: String,
    #[cfg_attr(feature = "openapi", schema(example = "ada@example.org"))]
    email: String,
    /// URL of the image.
    avatar_url: String,
}

/// The form: with the image, or with the name of a direct upload.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(untagged)]
#[schema(as = NewUser)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) enum FormBody {
    Image(ImageForm),
    DirectUpload(DirectUploadForm),
}

/// With the image.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUserWithImage)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct ImageForm {
    /// 1 to 200 characters after trimming, at least one of them visible, no control characters; each embedding,
    /// override or isolate of text direction has its end.
    #[schema(example = "Ada Lovelace", format = "display-name", min_length = 1, max_length = 200)]
    name: String,
    /// `local@domain`, at most 254 bytes, internationalized ones (RFC 6531) too. Spellings of one mailbox are one: case,
    /// composed and decomposed letters, the domain in Unicode or in Punycode.
    #[schema(example = "ada@example.org", format = IdnEmail, max_length = 254)]
    email: String,
    /// JPEG, PNG, WebP or GIF; at most 16 MiB by default, 16384 pixels per side, 64 million pixels in total.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    avatar: Vec<u8>,
}

/// With a direct upload.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewUserWithUpload)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct DirectUploadForm {
    /// 1 to 200 characters after trimming, at least one of them visible, no control characters; each embedding,
    /// override or isolate of text direction has its end.
    #[schema(example = "Ada Lovelace", format = "display-name", min_length = 1, max_length = 200)]
    name: String,
    /// `local@domain`, at most 254 bytes, internationalized ones (RFC 6531) too. Spellings of one mailbox are one: case,
    /// composed and decomposed letters, the domain in Unicode or in Punycode.
    #[schema(example = "ada@example.org", format = IdnEmail, max_length = 254)]
    email: String,
    /// The `upload` that `POST /uploads` returned, once the image was sent.
    #[schema(format = "uuid")]
    upload: String,
}

web::problems!(CreateUserProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, TooSlow, EmailTaken,
    TooLarge, UnsupportedMediaType, UnsupportedImage, UndecodableImage, ImageTooDemanding,
    IdempotencyKeyReused, Unavailable, Busy, IssuerUnavailable);

/// Create a user with an avatar
///
/// User and image are durable before the response is sent. The stored image is upright and has no metadata
/// except its colour profile.
#[cfg_attr(feature = "openapi", utoipa::path(post, path = "/user", tag = "users", security(("token" = ["users:write"])),
    params(web::schema::IdempotencyKey),
    request_body(content = FormBody, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The user is stored.", body = CreatedBody,
            headers(("Location" = String, description = "The path of the user.")),
            links(
                ("get" = (operation_id = "get_user", parameters(("id" = "$response.body#/id")))),
                ("patch" = (operation_id = "patch_user", parameters(("id" = "$response.body#/id")))),
                ("delete" = (operation_id = "delete_user", parameters(("id" = "$response.body#/id")))),
                ("replace_avatar" = (operation_id = "put_avatar", parameters(("id" = "$response.body#/id")))),
                ("remove_avatar" = (operation_id = "delete_avatar", parameters(("id" = "$response.body#/id")))),
                ("picture" = (operation_id = "get_libravatar", parameters(("hash" = "$response.body#/id")))))),
        CreateUserProblems,
    )))]
pub(crate) async fn create_user(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let fields = [
        Part::Text("name"),
        Part::Text("email"),
        Part::File("avatar", app.max_image_bytes),
        Part::Text(direct_upload::FIELD),
    ];
    let mut form = Form::read(body, &parts.headers, &fields, &app.upload_memory)
        .await
        .map_err(|problem| app.of_large_image(problem))?;
    let payload = payload(&mut form)?;
    let new = New { app: &app, fields: payload.fields, trace_parent: parts.extensions.get().copied() };
    match payload.image {
        Source::Form(avatar) => new.with_image(avatar, key).await,
        Source::DirectUpload(id) => {
            new.with_direct_upload(id, direct_upload::subject(&parts.extensions), key).await
        }
    }
}

/// A user that a request creates.
struct New<'a> {
    app: &'a App,
    fields: Fields,
    trace_parent: Option<TraceParent>,
}

impl New<'_> {
    async fn with_image(self, avatar: BodyBytes, key: Option<IdempotencyKey>) -> Result<Response, Problem> {
        let (app, fields, bytes) = (self.app, self.fields.clone(), avatar.clone());
        let fingerprint = move || key.map(|key| fields.idempotency(key, &bytes));
        let accepted = accept(app, avatar, app.max_image_bytes, fingerprint).await?;
        let user = self.store(accepted.image, accepted.extra).await?;
        Ok(answer(app, &user, Some(accepted.format)))
    }

    async fn with_direct_upload(
        self,
        id: DirectUploadId,
        subject: Option<Digest>,
        key: Option<IdempotencyKey>,
    ) -> Result<Response, Problem> {
        let (app, email) = (self.app, self.fields.email.clone());
        let idempotency = key.map(|key| self.fields.idempotency(key, id.to_string().as_bytes()));
        // The bytes are gone once they were used: so a repeated request, and an e-mail that is taken, come first.
        if let Some(user) = app.stores().users.created(&email, idempotency.as_ref()).await? {
            return Ok(answer(app, &user, None));
        }
        let repeated = idempotency.clone();
        match self.use_direct_upload(id, subject, idempotency).await {
            // The same request may have used it since.
            Err(problem) if repeated.is_some() && problem.kind() == Kind::InvalidFields => {
                match app.stores().users.created(&email, repeated.as_ref()).await? {
                    Some(user) => Ok(answer(app, &user, None)),
                    None => Err(problem),
                }
            }
            other => other,
        }
    }

    async fn use_direct_upload(
        self,
        id: DirectUploadId,
        subject: Option<Digest>,
        idempotency: Option<Idempotency>,
    ) -> Result<Response, Problem> {
        let app = self.app;
        let bytes = direct_upload::read(app, &id, subject).await?;
        let accepted = accept(app, bytes, app.config.max_upload_bytes, || ()).await;
        let accepted = direct_upload::keep_if_accepted(app, &id, accepted).await?;
        // The same if it is repeated, after an answer that was lost.
        let (upload, key) = (id.to_string(), idempotency.as_ref().map(|request| request.key.clone()));
        let key = key.as_ref().map_or("", |key| key.as_str());
        let fields = [self.fields.name.as_str(), self.fields.email.as_str(), &upload, key].map(str::as_bytes);
        direct_upload::claim(app, &id, &Digest::of_parts(&fields)).await?;
        let stored = self.store(accepted.image, idempotency).await;
        // After another error the outcome may be unknown, and the request may be repeated.
        if stored.as_ref().map_or_else(|problem| problem.kind() == Kind::EmailTaken, |_| true) {
            direct_upload::remove(app, &id).await;
        }
        Ok(answer(app, &stored?, Some(accepted.format)))
    }

    async fn store(self, image: Image, idempotency: Option<Idempotency>) -> Result<User, Problem> {
        let new = NewUser {
            name: self.fields.name,
            id: UserId::of(&self.fields.email),
            email: self.fields.email,
            avatar: NewAvatar::new(image, self.trace_parent),
            created_at: Timestamp::now(),
            idempotency,
        };
        let (Created::Now(user) | Created::Before(user)) = self.app.stores().users.create(new).await?;
        Ok(user)
    }
}

/// Accepts an image, which takes over the memory of the bytes that it was made of.
async fn accept<T: Send + 'static>(
    app: &App,
    bytes: BodyBytes,
    max_bytes: usize,
    extra: impl FnOnce() -> T + Send + 'static,
) -> Result<Accepted<T>, Problem> {
    let sent = bytes.clone().into_bytes();
    let mut accepted = rendering::accept(app.image_work(), sent, max_bytes, extra).await??;
    accepted.image.bytes = bytes.replace(accepted.image.bytes)?;
    Ok(accepted)
}

/// `201` with the user; `format` is that of an image which was stored by this request.
fn answer(app: &App, user: &User, format: Option<&'static str>) -> Response {
    let body = CreatedBody {
        id: user.id.to_string(),
        name: user.name.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        avatar_url: app.links.avatar_url(user),
    };
    let location = HeaderValue::from_str(&app.links.path(&format!("/users/{}", user.id)))
        .expect("a checked base and hex digits");
    let mut response = answer::json(StatusCode::CREATED, &body).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.extensions_mut().insert(user.id);
    if let Some(format) = format {
        response.extensions_mut().insert(Uploaded(format));
    }
    response
}

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::{Created, NewAvatar, NewUser, Timestamp};
use rendering::Accepted;
use runtime::telemetry::Uploaded;
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{
    App, Problem, answer,
    form::{Form, Part},
};

use crate::payload::{idempotency_key, payload};

/// A created user.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = CreatedUser))]
pub(crate) struct CreatedBody {
    /// SHA-256 of the trimmed, lower-cased e-mail, in hex.
    id: String,
    #[cfg_attr(feature = "openapi", schema(example = "Ada Lovelace"))]
    name: String,
    #[cfg_attr(feature = "openapi", schema(example = "ada@example.org"))]
    email: String,
    /// URL of the image.
    avatar_url: String,
}

/// The form.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[schema(as = NewUser)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct FormBody {
    /// 1 to 200 characters after trimming, no control characters.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// `local@domain`, at most 254 bytes.
    #[schema(example = "ada@example.org")]
    email: String,
    /// JPEG, PNG, WebP or GIF; at most 16 MiB by default, 16384 pixels per side, 64 million pixels in total.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    avatar: Vec<u8>,
}

web::problems!(CreateUserProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, TooSlow, EmailTaken,
    TooLarge, UnsupportedMediaType, UnsupportedImage, UndecodableImage, ImageTooDemanding,
    IdempotencyKeyReused, Unavailable, Busy, IssuerUnavailable);

/// Create a user with an avatar
///
/// User and image are durable before the response is sent. The stored image is upright and has no metadata
/// except its colour profile.
#[cfg_attr(feature = "openapi", utoipa::path(post, path = "/user", tag = "users", security(("token" = ["users:write"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Identifies this request, so that it can be retried: 1 to 255 visible ASCII characters.")),
    request_body(content = FormBody, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The user is stored.", body = CreatedBody,
            headers(("Location" = String, description = "The path of the user."))),
        CreateUserProblems,
    )))]
pub(crate) async fn create_user(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let key = idempotency_key(&parts.headers)?;
    let fields = [Part::Text("name"), Part::Text("email"), Part::File("avatar", app.max_image_bytes)];
    let mut form = Form::read(body, &parts.headers, &fields, &app.upload_memory).await?;
    let payload = payload(&mut form)?;
    let (avatar, fields) = (payload.avatar.clone().into_bytes(), payload.clone());
    let fingerprint = move || key.map(|key| fields.idempotency(key));
    let Accepted { mut image, format, extra: idempotency } =
        rendering::accept(app.image_work(), avatar, app.max_image_bytes, fingerprint).await??;
    image.bytes = payload.avatar.replace(image.bytes)?;
    let new = NewUser {
        name: payload.name,
        email: payload.email,
        avatar: NewAvatar::new(image, parts.extensions.get().copied()),
        created_at: Timestamp::now(),
        idempotency,
    };
    let (Created::Now(user) | Created::Before(user)) = app.stores().users.create(new).await?;

    let body = CreatedBody {
        id: user.id.to_string(),
        name: user.name.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        avatar_url: app.links.avatar_url(&user),
    };
    let location = HeaderValue::from_str(&app.links.path(&format!("/users/{}", user.id)))
        .expect("a checked base and hex digits");
    let mut response = answer::json(StatusCode::CREATED, &body).into_response();
    response.headers_mut().insert(header::LOCATION, location);
    response.extensions_mut().insert(user.id);
    response.extensions_mut().insert(Uploaded(format));
    Ok(response)
}

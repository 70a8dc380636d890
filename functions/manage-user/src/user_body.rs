//! A user on the wire.

use axum::{
    http::{StatusCode, header},
    response::Response,
};
use domain::User;
use serde::Serialize;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{Links, answer, conditional::ETag};

/// A user.
#[derive(Serialize)]
#[cfg_attr(feature = "openapi", derive(ToSchema), schema(as = User))]
pub(crate) struct UserBody {
    /// SHA-256 of the trimmed e-mail in lower case and NFC, with its domain in Unicode, in hex; an id that an
    /// earlier release gave by other rules stays.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[0-9a-f]{64}$"))]
    id: String,
    #[cfg_attr(feature = "openapi", schema(example = "Ada Lovelace"))]
    name: String,
    #[cfg_attr(feature = "openapi", schema(example = "ada@example.org"))]
    email: String,
    /// URL of the image.
    avatar_url: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    created_at: String,
    /// RFC 3339, UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    updated_at: String,
}

/// `200` with the user and its `ETag`.
pub(crate) fn answer(user: &User, links: &Links) -> Response {
    let body = UserBody {
        id: user.id.to_string(),
        name: user.name.as_str().to_owned(),
        email: user.email.as_str().to_owned(),
        avatar_url: links.avatar_url(user),
        created_at: user.created_at.to_string(),
        updated_at: user.updated_at.to_string(),
    };
    let mut response = answer::json(StatusCode::OK, &body);
    response.headers_mut().insert(header::ETAG, ETag::of_user(user).to_header());
    response
}

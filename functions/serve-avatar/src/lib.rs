//! `GET /avatars/{id}/{upload}.{ext}`: images as they are kept, open to everyone.

mod get_avatar;
mod range;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::AvatarStore;
use utoipa::OpenApi;
use web::body::BodyMemory;

/// What this function needs.
#[derive(Clone)]
pub struct ServeAvatar {
    /// Where images are kept.
    pub avatars: Arc<dyn AvatarStore>,
    /// Memory for images that are being sent, to slow readers too.
    pub memory: BodyMemory,
}

/// The routes of this function.
pub fn routes(state: ServeAvatar) -> Router {
    Router::new().route("/avatars/{id}/{file}", get(get_avatar::get_avatar)).with_state(state)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(get_avatar::get_avatar))]
pub struct Api;

//! `GET /avatars/{id}/{upload}.{ext}`: images as they are kept, open to everyone.

mod get_avatar;
mod range;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::AvatarStore;
use utoipa::OpenApi;
use web::{Kit, body::BodyMemory};

/// What its handler needs.
#[derive(Clone)]
struct ServeAvatar {
    avatars: Arc<dyn AvatarStore>,
    memory: BodyMemory,
}

/// The routes of this function.
pub fn routes(kit: &Kit) -> Router {
    let state = ServeAvatar { avatars: kit.stores.avatars.clone(), memory: kit.download_memory.clone() };
    Router::new().route("/avatars/{id}/{file}", get(get_avatar::get_avatar)).with_state(state)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(paths(get_avatar::get_avatar))]
pub struct Api;

//! One user: `GET`, `PATCH`, `DELETE /users/{id}`, `PUT /users/{id}/avatar`.

mod change;
mod delete_user;
mod get_user;
mod patch_user;
mod put_avatar;
mod user_body;

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, put},
};
use domain::UserStore;
use utoipa::OpenApi;
use web::{ImageWork, Kit, Links, body::BodyMemory};

/// What its handlers need.
#[derive(Clone)]
struct ManageUser {
    users: Arc<dyn UserStore>,
    image_work: ImageWork,
    upload_memory: BodyMemory,
    links: Links,
    max_upload_bytes: usize,
}

/// The routes of this function.
pub fn routes(kit: &Kit) -> Router {
    let state = ManageUser {
        users: kit.stores.users.clone(),
        image_work: kit.image_work.clone(),
        upload_memory: kit.upload_memory.clone(),
        links: kit.links.clone(),
        max_upload_bytes: kit.max_upload_bytes,
    };
    let user = get(get_user::get_user).patch(patch_user::patch_user).delete(delete_user::delete_user);
    let router = Router::new()
        .route("/users/{id}", user)
        .route("/users/{id}/avatar", put(put_avatar::put_avatar))
        .with_state(state);
    kit.auth.protect(router)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(get_user::get_user, patch_user::patch_user, delete_user::delete_user, put_avatar::put_avatar),
    components(schemas(user_body::UserBody, patch_user::PatchBody, put_avatar::AvatarForm))
)]
pub struct Api;

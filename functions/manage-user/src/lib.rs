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
use web::{Auth, ImageWork, Links, body::BodyMemory};

/// What this function needs.
#[derive(Clone)]
pub struct ManageUser {
    /// Who may.
    pub auth: Auth,
    /// Where users are kept.
    pub users: Arc<dyn UserStore>,
    /// Admits the work on images.
    pub image_work: ImageWork,
    /// Memory for uploads under way.
    pub upload_memory: BodyMemory,
    /// Makes URLs.
    pub links: Links,
    /// Largest image taken, in bytes.
    pub max_upload_bytes: usize,
}

/// The routes of this function.
pub fn routes(state: ManageUser) -> Router {
    let user = get(get_user::get_user).patch(patch_user::patch_user).delete(delete_user::delete_user);
    let auth = state.auth.clone();
    let router = Router::new()
        .route("/users/{id}", user)
        .route("/users/{id}/avatar", put(put_avatar::put_avatar))
        .with_state(state);
    auth.protect(router)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(get_user::get_user, patch_user::patch_user, delete_user::delete_user, put_avatar::put_avatar),
    components(schemas(user_body::UserBody, patch_user::PatchBody, put_avatar::AvatarForm))
)]
pub struct Api;

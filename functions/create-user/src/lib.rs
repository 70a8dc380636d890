//! `POST /user`: a user with its avatar, from one form.

mod create_user;
mod payload;

use std::sync::Arc;

use axum::{Router, routing::post};
use domain::UserStore;
use utoipa::OpenApi;
use web::{Auth, ImageWork, Links, body::BodyMemory};

/// What this function needs.
#[derive(Clone)]
pub struct CreateUser {
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
pub fn routes(state: CreateUser) -> Router {
    let auth = state.auth.clone();
    auth.protect(Router::new().route("/user", post(create_user::create_user)).with_state(state))
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(create_user::create_user),
    components(schemas(create_user::CreatedBody, create_user::FormBody))
)]
pub struct Api;

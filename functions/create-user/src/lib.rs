//! `POST /user`: a user with its avatar, from one form.

mod create_user;
mod payload;

use std::sync::Arc;

use axum::{Router, routing::post};
use domain::UserStore;
use utoipa::OpenApi;
use web::{ImageWork, Kit, Links, body::BodyMemory};

/// What its handlers need.
#[derive(Clone)]
struct CreateUser {
    users: Arc<dyn UserStore>,
    image_work: ImageWork,
    upload_memory: BodyMemory,
    links: Links,
    max_upload_bytes: usize,
}

/// The routes of this function.
pub fn routes(kit: &Kit) -> Router {
    let state = CreateUser {
        users: kit.stores.users.clone(),
        image_work: kit.image_work.clone(),
        upload_memory: kit.upload_memory.clone(),
        links: kit.links.clone(),
        max_upload_bytes: kit.max_upload_bytes,
    };
    kit.auth.protect(Router::new().route("/user", post(create_user::create_user)).with_state(state))
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(create_user::create_user),
    components(schemas(create_user::CreatedBody, create_user::FormBody))
)]
pub struct Api;

//! `POST /user`: a user with its avatar, from one form.

mod create_user;
mod payload;

use axum::{Router, routing::post};
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::App;

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    app.protect(Router::new().route("/user", post(create_user::create_user)).with_state(app.clone()))
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(OpenApi)]
#[openapi(
    paths(create_user::create_user),
    components(schemas(create_user::CreatedBody, create_user::FormBody))
)]
pub struct Api;

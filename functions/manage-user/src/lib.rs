//! One user: `GET`, `PATCH`, `DELETE /users/{id}`, `PUT`, `DELETE /users/{id}/avatar`.

mod change;
mod delete_avatar;
mod delete_user;
mod get_user;
mod patch_user;
mod put_avatar;
mod user_body;

use axum::{
    Router,
    routing::{get, put},
};
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::App;

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    let user = get(get_user::get_user).patch(patch_user::patch_user).delete(delete_user::delete_user);
    let router = Router::new()
        .route("/users/{id}", user)
        .route("/users/{id}/avatar", put(put_avatar::put_avatar).delete(delete_avatar::delete_avatar))
        .with_state(app.clone());
    app.protect(router)
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(OpenApi)]
#[openapi(
    paths(
        get_user::get_user,
        patch_user::patch_user,
        delete_user::delete_user,
        put_avatar::put_avatar,
        delete_avatar::delete_avatar
    ),
    components(schemas(
        user_body::UserBody,
        patch_user::PatchBody,
        put_avatar::AvatarForm,
        put_avatar::UploadBody
    ))
)]
pub struct Api;

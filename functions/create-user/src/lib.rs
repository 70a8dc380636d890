//! `POST /user`: a user with its avatar, from one form. `/uploads`: an image that is sent before that form.
//!
//! | file | idea |
//! |---|---|
//! | `create_user`, `payload` | `POST /user`, and its form |
//! | `announce_upload` | `POST /uploads`: where to send an image |
//! | `put_upload` | `PUT /uploads/{upload}`: the image, where no bucket takes it |

mod announce_upload;
mod create_user;
mod payload;
mod put_upload;

use axum::{
    Router,
    routing::{post, put},
};
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::App;

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    let router = Router::new()
        .route("/user", post(create_user::create_user))
        .route("/uploads", post(announce_upload::announce_upload))
        .with_state(app.clone());
    // Open to those who know the name of the upload, as a presigned URL is.
    let open = Router::new().route("/uploads/{upload}", put(put_upload::put_upload)).with_state(app.clone());
    app.protect(router).merge(open)
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(OpenApi)]
#[openapi(
    paths(create_user::create_user, announce_upload::announce_upload, put_upload::put_upload),
    components(schemas(
        create_user::CreatedBody,
        create_user::FormBody,
        create_user::ImageForm,
        create_user::DirectUploadForm,
        announce_upload::AnnouncedBody,
        announce_upload::AnnouncementBody
    ))
)]
pub struct Api;

//! `GET /users`; as the API's default route also the documents and whatever no other function owns.

mod ahead;
mod cut;
mod documents;
mod encode;
mod list_users;
mod stream;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::UserStore;
use utoipa::OpenApi;
use web::Links;

pub use documents::OPENAPI;

/// What this function needs.
#[derive(Clone)]
pub struct ListUsers {
    /// Where users are kept.
    pub users: Arc<dyn UserStore>,
    /// Makes URLs.
    pub links: Links,
}

/// The routes of this function.
pub fn routes(state: ListUsers) -> Router {
    Router::new()
        .route("/users", get(list_users::list_users))
        .route("/openapi.json", get(documents::get_openapi))
        .route("/docs", get(documents::get_docs))
        .with_state(state)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(list_users::list_users, documents::get_openapi, documents::get_docs),
    components(schemas(encode::ListedBody))
)]
pub struct Api;

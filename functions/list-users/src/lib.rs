//! `GET /users`; as the API's default route also the documents and whatever no other function owns.

mod documents;
mod encode;
mod list_users;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::UserStore;
use utoipa::OpenApi;
use web::{Auth, Links};

pub use documents::OPENAPI;

/// What this function needs.
#[derive(Clone)]
pub struct ListUsers {
    /// Who may list users; the documents are open to everyone.
    pub auth: Auth,
    /// Where users are kept.
    pub users: Arc<dyn UserStore>,
    /// Makes URLs.
    pub links: Links,
}

/// The routes of this function.
pub fn routes(state: ListUsers) -> Router {
    let auth = state.auth.clone();
    let users = auth.protect(Router::new().route("/users", get(list_users::list_users)).with_state(state));
    users.route("/openapi.json", get(documents::get_openapi)).route("/docs", get(documents::get_docs))
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(list_users::list_users, documents::get_openapi, documents::get_docs),
    components(schemas(encode::ListedBody))
)]
pub struct Api;

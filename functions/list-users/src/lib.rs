//! `GET /users`; as the API's default route also the documents and whatever no other function owns.

mod ahead;
mod cut;
mod demo;
mod documents;
mod encode;
mod list_users;
mod stream;

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
    /// Whether the demo endpoints are served.
    pub demo: bool,
}

/// The routes of this function.
pub fn routes(state: ListUsers) -> Router {
    let demo = if state.demo { demo::routes() } else { Router::new() };
    let auth = state.auth.clone();
    let users = auth.protect(Router::new().route("/users", get(list_users::list_users)).with_state(state));
    users
        .route("/openapi.json", get(documents::get_openapi))
        .route("/docs", get(documents::get_docs))
        .merge(demo)
}

/// These routes in the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        list_users::list_users,
        documents::get_openapi,
        documents::get_docs,
        demo::get_hello,
        demo::get_random_error
    ),
    components(schemas(encode::ListedBody))
)]
pub struct Api;

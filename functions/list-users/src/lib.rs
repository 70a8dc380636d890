//! `GET /users`; as the API's default route also health, the documents and every path that no other function
//! owns.

mod cut;
mod demo;
mod documents;
mod encode;
mod list_users;
mod read_ahead;
mod stream;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::UserStore;
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::{
    App, Links,
    health::{self, Health},
};

pub use documents::OPENAPI;

/// The state of `GET /users`.
#[derive(Clone)]
struct ListUsers {
    users: Arc<dyn UserStore>,
    links: Links,
}

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    let state = ListUsers { users: app.stores().users.clone(), links: app.links.clone() };
    let users = app.protect(Router::new().route("/users", get(list_users::list_users)).with_state(state));
    let demo = if app.config.demo { demo::routes() } else { Router::new() };
    users
        .route("/openapi.json", get(documents::get_openapi))
        .route("/docs", get(documents::get_docs))
        .merge(health::routes(Health::new(
            app.services.lifecycle.clone(),
            app.stores().health.clone(),
            app.services.queue.clone(),
        )))
        .merge(demo)
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
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

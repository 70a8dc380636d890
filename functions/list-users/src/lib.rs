//! `GET /users`; as the API's default route also health, the documents and every path that no other function
//! owns.

mod cut;
mod demo;
mod documents;
mod encode;
mod encoded_page;
mod list_users;
mod read_ahead;
mod served_document;
mod stream;

use std::sync::Arc;

use axum::{Router, routing::get};
use bytes::Bytes;
use domain::{Cursor, Error, UserStore};
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::{
    App, Links, ReadCache, SharedReads,
    health::{self, Health},
};

pub use served_document::OPENAPI;

use encoded_page::EncodedPage;

/// The state of `GET /users`.
#[derive(Clone)]
struct ListUsers {
    users: Arc<dyn UserStore>,
    links: Links,
    /// Pages by limit and position.
    pages: Arc<ReadCache<PageKey, Arc<EncodedPage>>>,
    /// Of lists without a limit, by position.
    first_pieces: SharedReads<Option<Cursor>, Result<FirstPiece, Error>>,
}

type PageKey = (usize, Option<Cursor>);

/// The first piece of an array, and the cursor to continue from.
type FirstPiece = (Bytes, Option<Cursor>);

/// Typical size of a page: that of 100 users.
const PAGE_BYTES: u64 = 20 * 1024;

fn page_bytes((_, after): &PageKey, page: &Arc<EncodedPage>) -> usize {
    let key = match after {
        Some(Cursor::Other(key)) => key.len(),
        Some(Cursor::User(_)) | None => 0,
    };
    page.bytes() + key
}

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    let max_bytes = app.config.cache_plan().page_bytes;
    let state = ListUsers {
        users: app.stores().users.clone(),
        links: app.links.clone(),
        pages: Arc::new(ReadCache::new(max_bytes, PAGE_BYTES, page_bytes)),
        first_pieces: SharedReads::default(),
    };
    let users = app.protect(Router::new().route("/users", get(list_users::list_users)).with_state(state));
    let demo = if app.config.demo { demo::routes() } else { Router::new() };
    users
        .merge(documents::routes(app))
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

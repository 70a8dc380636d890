//! Pictures, open to everyone: as they are stored, and by the hash of an e-mail.
//!
//! | file | idea |
//! |---|---|
//! | `get_avatar`, `range`, `pieces` | `GET /avatars/{id}/{upload}.{ext}`: an image as it is stored |
//! | `get_libravatar` | `GET /avatar/{hash}`: a square, by the protocol of Libravatar and Gravatar |
//! | `hash`, `query`, `output_format` | the hash, the query and the format |
//! | `known_user` | what a picture needs to know of a user |
//! | `pictures` | squares: stored, generated or cached |

mod get_avatar;
mod get_libravatar;
mod hash;
mod headers;
mod known_user;
mod output_format;
mod pictures;
mod pieces;
mod query;
mod range;

use std::sync::Arc;

use axum::{Router, routing::get};
use domain::AvatarStore;
use runtime::Config;
#[cfg(feature = "openapi")]
use utoipa::OpenApi;
use web::{App, body::BodyMemory};

use known_user::KnownUsers;
use pictures::Pictures;

/// The state of the handlers.
#[derive(Clone)]
struct ServeAvatar {
    users: KnownUsers,
    avatars: Arc<dyn AvatarStore>,
    pictures: Pictures,
    config: Arc<Config>,
    memory: BodyMemory,
}

/// The routes of this function.
pub fn routes(app: &App) -> Router {
    let state = ServeAvatar {
        users: KnownUsers::new(app.stores().users.clone(), app.config.cache_plan().user_bytes),
        avatars: app.stores().avatars.clone(),
        pictures: Pictures::new(app),
        config: app.config.clone(),
        memory: app.download_memory.clone(),
    };
    Router::new()
        .route("/avatars/{id}/{file}", get(get_avatar::get_avatar))
        .route("/avatar/{hash}", get(get_libravatar::get_libravatar))
        .with_state(state)
}

/// These routes in the OpenAPI document.
#[cfg(feature = "openapi")]
#[derive(OpenApi)]
#[openapi(paths(get_avatar::get_avatar, get_libravatar::get_libravatar))]
pub struct Api;

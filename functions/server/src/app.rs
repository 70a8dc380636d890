//! The router that ships.

use std::num::NonZero;

use axum::Router;
use create_user::CreateUser;
use domain::Stores;
use list_users::ListUsers;
use manage_user::ManageUser;
use serve_avatar::ServeAvatar;
use web::{
    Auth, Cors, ImageWork, Lifecycle, Links, Telemetry, body::BodyMemory, edge, health, health::Health,
    telemetry::observed,
};

/// Memory for all uploads, from the first byte until they are kept: 32 of the largest.
const UPLOAD_MEMORY_BYTES: usize = 128 << 20;
/// Memory for all images that are being sent: 32 of the largest, some 5,000 of 25 kB.
const DOWNLOAD_MEMORY_BYTES: usize = 128 << 20;

/// What the router is made of.
pub struct Parts {
    /// Users and images.
    pub stores: Stores,
    /// Makes URLs.
    pub links: Links,
    /// Who may read and write users.
    pub auth: Auth,
    /// Pages of which origins may call the API.
    pub cors: Cors,
    /// Whether this process is in service.
    pub lifecycle: Lifecycle,
    /// Largest image taken, in bytes.
    pub max_upload_bytes: usize,
    /// Memory for decoding images, all at once, in bytes.
    pub image_memory_bytes: u64,
    /// Whether the demo endpoints are served.
    pub demo: bool,
    /// Sees all of it.
    pub telemetry: Telemetry,
}

/// Every route of Roster, closed by the edge.
pub fn app(parts: Parts) -> Router {
    let Parts { stores, links, auth, cors, lifecycle, max_upload_bytes, image_memory_bytes, demo, telemetry } =
        parts;
    let stores = observed(stores, telemetry.clone());
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let image_work = ImageWork::new(image_memory_bytes, cores).observed(telemetry.clone());
    let upload_memory = BodyMemory::new(UPLOAD_MEMORY_BYTES);
    let router = create_user::routes(CreateUser {
        auth: auth.clone(),
        users: stores.users.clone(),
        image_work: image_work.clone(),
        upload_memory: upload_memory.clone(),
        links: links.clone(),
        max_upload_bytes,
    })
    .merge(list_users::routes(ListUsers {
        auth: auth.clone(),
        users: stores.users.clone(),
        links: links.clone(),
        demo,
    }))
    .merge(manage_user::routes(ManageUser {
        auth,
        users: stores.users,
        image_work,
        upload_memory,
        links,
        max_upload_bytes,
    }))
    .merge(serve_avatar::routes(ServeAvatar {
        avatars: stores.avatars,
        memory: BodyMemory::new(DOWNLOAD_MEMORY_BYTES),
    }))
    .merge(health::routes(Health::new(lifecycle.clone(), stores.health)));
    edge::close(router, lifecycle, cors, telemetry)
}

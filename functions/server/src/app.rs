//! The router that ships.

use axum::Router;
use web::Kit;

pub use web::Parts;

/// Memory for uploads, and for images that are being sent: 32 of the largest each, some 5,000 of 25 kB.
const BODY_MEMORY_BYTES: usize = 128 << 20;

/// What the routes and the worker of one process share.
pub fn kit(parts: Parts) -> Kit {
    Kit::new(parts, BODY_MEMORY_BYTES)
}

/// Every route of Roster, closed by the edge.
pub fn app(kit: &Kit) -> Router {
    let router = create_user::routes(kit)
        .merge(list_users::routes(kit))
        .merge(manage_user::routes(kit))
        .merge(serve_avatar::routes(kit));
    kit.close(router)
}

//! The router that ships.

use axum::Router;
use runtime::MemoryPlan;
use web::Kit;

pub use web::Parts;

/// What the routes and the worker of one process share, within its memory limit.
pub fn kit(parts: Parts, limit_bytes: Option<u64>) -> (Kit, MemoryPlan) {
    let plan = MemoryPlan::new(limit_bytes, parts.image_memory_bytes, parts.cache_bytes);
    (Kit::new(parts, &plan), plan)
}

/// Every route of Roster, behind the edge.
pub fn app(kit: &Kit) -> Router {
    let router = create_user::routes(kit)
        .merge(list_users::routes(kit))
        .merge(manage_user::routes(kit))
        .merge(serve_avatar::routes(kit));
    kit.close(router)
}

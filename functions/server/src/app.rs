//! All functions as one router.

use axum::Router;
use web::App;

use crate::cache;

/// The routes of every function, behind one edge.
pub fn routes(app: &App) -> Router {
    let router = create_user::routes(app)
        .merge(list_users::routes(app))
        .merge(manage_user::routes(app))
        .merge(serve_avatar::routes(app));
    let router = app.close(router);
    // Only for a cache, which removes them: a key can be the digest of an e-mail.
    if app.config.cache_ban_url.is_some() { cache::around(router) } else { router }
}

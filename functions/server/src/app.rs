//! All functions as one router.

use axum::Router;
use web::App;

/// The routes of every function, behind one edge.
pub fn routes(app: &App) -> Router {
    let router = create_user::routes(app)
        .merge(list_users::routes(app))
        .merge(manage_user::routes(app))
        .merge(serve_avatar::routes(app));
    app.close(router)
}

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::{Timestamp, UserId};
use futures_util::FutureExt as _;
use web::{App, Problem, extract::Path};

use crate::change::change;

web::problems!(DeleteAvatarProblems: BadRequest, Unauthorized, Forbidden, ForeignSite, NotFound, PreconditionFailed,
    Unavailable, Busy, IssuerUnavailable);

/// Remove a user's avatar
///
/// Also removes its renditions. The user's `avatar_url` is then that of a generated picture.
#[cfg_attr(feature = "openapi", utoipa::path(delete, path = "/users/{id}/avatar", tag = "users", security(("token" = ["users:write"])),
    params(web::schema::UserId, web::schema::IfMatch, web::schema::IfNoneMatchOfWrite),
    responses((status = 204, description = "The avatar is removed, or there was none."), DeleteAvatarProblems)))]
pub(crate) async fn delete_avatar(
    State(app): State<App>,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let remove = |user: domain::User| {
        let users = app.stores().users.clone();
        async move { users.remove_avatar(&user, Timestamp::now()).await }.boxed()
    };
    change(app.stores().users.as_ref(), &id, &headers, remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
};
use domain::UserId;
use futures_util::FutureExt as _;
use web::{App, Problem, extract::Path};

use crate::change::change;

web::problems!(DeleteUserProblems: BadRequest, Unauthorized, Forbidden, ForeignSite, NotFound, PreconditionFailed,
    Unavailable, Busy, IssuerUnavailable);

/// Erase a user
///
/// Also erases the image and its renditions. All are gone from the API at once.
#[cfg_attr(feature = "openapi", utoipa::path(delete, path = "/users/{id}", tag = "users", security(("token" = ["users:write"])),
    params(web::schema::UserId, web::schema::IfMatch, web::schema::IfNoneMatchOfWrite),
    responses((status = 204, description = "The user is erased."), DeleteUserProblems)))]
pub(crate) async fn delete_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let delete = |user: domain::User| {
        let users = app.stores().users.clone();
        async move { users.delete(&user).await }.boxed()
    };
    change(app.stores().users.as_ref(), &id, &headers, delete).await?;
    Ok(StatusCode::NO_CONTENT)
}

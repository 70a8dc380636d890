use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::UserId;
use web::{App, Problem, answer, conditional::ETag, extract::Path};

use crate::user_body;

web::problems!(GetUserProblems: BadRequest, Unauthorized, Forbidden, ForeignSite, NotFound, PreconditionFailed,
    Unavailable, Busy, IssuerUnavailable);

/// Get a user
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/users/{id}", tag = "users", security(("token" = ["users:read"])),
    params(web::schema::UserId, web::schema::IfMatch, web::schema::IfNoneMatch),
    responses(
        (status = 200, description = "The user.", body = user_body::UserBody,
            headers(("Cache-Control" = String, description = "`no-cache, s-maxage=5`; `private, no-cache` where a token is required."),
                ("ETag" = String, description = "Identifies this version of the user.")),
            links(
                ("get" = (operation_id = "get_user",
                    parameters(("id" = "$response.body#/id"), ("If-None-Match" = "$response.header.ETag")))),
                ("patch" = (operation_id = "patch_user",
                    parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")))),
                ("replace_avatar" = (operation_id = "put_avatar",
                    parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")))),
                ("delete" = (operation_id = "delete_user",
                    parameters(("id" = "$response.body#/id"), ("If-Match" = "$response.header.ETag")))))),
        web::schema::NotModified,
        GetUserProblems,
    )))]
pub(crate) async fn get_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app.stores().users.get(&id).await?;
    let tag = ETag::of_user(&user);
    if tag.check_read(&headers)? {
        let headers = [(header::ETAG, tag.to_header()), (header::CACHE_CONTROL, answer::SHARED_BRIEFLY)];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let mut response = user_body::answer(&user, &app.links);
    response.headers_mut().insert(header::CACHE_CONTROL, answer::SHARED_BRIEFLY);
    Ok(response)
}

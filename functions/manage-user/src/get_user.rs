use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::UserId;
use web::{App, Problem, answer, conditional::ETag, extract::Path};

use crate::user_body;

web::problems!(GetUserProblems: BadRequest, Unauthorized, Forbidden, ForeignSite, NotFound, Unavailable, Busy,
    IssuerUnavailable);

/// Get a user
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/users/{id}", tag = "users", security(("token" = ["users:read"])),
    params(
        ("id" = String, Path, description = "SHA-256 of the trimmed e-mail in lower case and NFC, with its domain in Unicode, in hex in lower case."),
        ("If-None-Match" = Option<String>, Header, description = "The client's `ETag`."),
    ),
    responses(
        (status = 200, description = "The user.", body = user_body::UserBody,
            headers(("Cache-Control" = String, description = "`no-cache, s-maxage=5`; `private, no-cache` where a token is required."),
                ("ETag" = String, description = "Identifies this version of the user."))),
        (status = 304, description = "The client's copy is current."),
        GetUserProblems,
    )))]
pub(crate) async fn get_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let user = app.stores().users.get(&id).await?;
    let tag = ETag::of_user(&user);
    if tag.client_has_it(&headers)? {
        let headers = [(header::ETAG, tag.to_header()), (header::CACHE_CONTROL, answer::SHARED_BRIEFLY)];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let mut response = user_body::answer(&user, &app.links);
    response.headers_mut().insert(header::CACHE_CONTROL, answer::SHARED_BRIEFLY);
    Ok(response)
}

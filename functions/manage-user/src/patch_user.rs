use axum::{
    extract::{Request, State},
    response::Response,
};
use domain::{DisplayName, FieldError, Timestamp, UserId};
use futures_util::FutureExt as _;
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{
    App, Problem, body,
    extract::{Path, merge_patch},
    problem::FieldProblem,
};

use crate::{change::change, user_body::answer};

/// The largest patch, in bytes: a name of 200 characters, each escaped, takes 2,400.
const MAX_PATCH_BYTES: usize = 16 * 1024;

/// The members that can be changed.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UserPatch)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct PatchBody {
    /// 1 to 200 characters after trimming, at least one of them visible, no control characters; each embedding,
    /// override or isolate of text direction has its end.
    #[schema(
        example = "Ada King",
        required = false,
        format = "display-name",
        min_length = 1,
        max_length = 200
    )]
    name: String,
}

web::problems!(PatchUserProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, NotFound, TooSlow,
    PreconditionFailed, TooLarge, UnsupportedMediaType, Unavailable, Busy, IssuerUnavailable);

/// Change a user
///
/// A JSON merge patch (RFC 7396) of `name`.
#[cfg_attr(feature = "openapi", utoipa::path(patch, path = "/users/{id}", tag = "users", security(("token" = ["users:write"])),
    params(web::schema::UserId, web::schema::IfMatch, web::schema::IfNoneMatchOfWrite),
    request_body(content((PatchBody = "application/merge-patch+json"), (PatchBody = "application/json"))),
    responses(
        (status = 200, description = "The user as it is now.", body = crate::user_body::UserBody,
            headers(("ETag" = String, description = "Identifies this version of the user.")),
            links(("get" = (operation_id = "get_user",
                parameters(("id" = "$response.body#/id"), ("If-None-Match" = "$response.header.ETag")))))),
        PatchUserProblems,
    )))]
pub(crate) async fn patch_user(
    State(app): State<App>,
    Path(id): Path<UserId>,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let bytes = body::read(body, &parts.headers, MAX_PATCH_BYTES, &app.upload_memory).await?;
    let name = parse(&merge_patch(&parts.headers, &bytes)?)?;
    let rename = |user: domain::User| {
        let (users, name) = (app.stores().users.clone(), name.clone());
        async move {
            match name {
                Some(name) => users.rename(&user, name, Timestamp::now()).await,
                None => Ok(user),
            }
        }
        .boxed()
    };
    let user = change(app.stores().users.as_ref(), &id, &parts.headers, rename).await?;
    Ok(answer(&user, &app.links))
}

/// The new name, if the patch has one.
fn parse(patch: &serde_json::Map<String, serde_json::Value>) -> Result<Option<DisplayName>, Problem> {
    let mut name = None;
    let mut errors = Vec::new();
    for (member, value) in patch {
        let parsed = match (member.as_str(), value.as_str()) {
            ("name", Some(text)) => DisplayName::parse(text),
            ("name", None) => Err(FieldError("must be a string, and cannot be removed")),
            _ => Err(FieldError("cannot be changed here")),
        };
        match parsed {
            Ok(parsed) => name = Some(parsed),
            Err(error) => errors.push(FieldProblem::new(shown(member), &error)),
        }
    }
    if errors.is_empty() { Ok(name) } else { Err(Problem::fields(errors)) }
}

/// A member's name as shown in an error: cut to what a client needs to find it.
fn shown(member: &str) -> String {
    member.chars().take(64).collect()
}

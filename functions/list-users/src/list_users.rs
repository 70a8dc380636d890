use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use domain::{Cursor, FieldError};
use serde::Deserialize;
#[cfg(feature = "openapi")]
use utoipa::IntoParams;
use web::{AnswerLimit, Problem, extract::Query, problem::FieldProblem};

use crate::{
    ListUsers,
    cut::cut,
    encode::{Piece, encode},
    read_ahead::PAGE,
    stream::stream,
};

/// Clients revalidate each time; a shared cache may answer for five seconds. Where a token is required, the
/// authentication layer makes it private.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("no-cache, s-maxage=5");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(IntoParams), into_params(parameter_in = Query))]
pub(crate) struct ListQuery {
    /// Maximum number of users, 1 to 1000; all users if absent.
    #[cfg_attr(feature = "openapi", param(value_type = Option<u16>, minimum = 1, maximum = 1000))]
    limit: Option<String>,
    /// Where to continue: the cursor of a `Link`.
    cursor: Option<String>,
}

web::problems!(ListUsersProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite, Unavailable, Busy,
    IssuerUnavailable);

/// List users
///
/// All users, streamed, or `limit` of them with a `Link` to the next page. A response that ends normally is
/// complete; a failure after the first byte aborts the connection. The order is undefined. Where the response
/// size is limited, as in Lambda, the list is cut after a user, with a `Link` to the next page.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/users", tag = "users", security(("token" = ["users:read"])), params(ListQuery), responses(
    (status = 200, description = "The users.", body = Vec<crate::encode::ListedBody>,
        headers(("Cache-Control" = String, description = "`no-cache, s-maxage=5`; `private, no-cache` where a token is required."),
            ("Link" = Option<String>, description = "With `limit`, or if the list was cut: the next page, while there may be more (RFC 8288)."))),
    ListUsersProblems,
)))]
pub(crate) async fn list_users(
    State(state): State<ListUsers>,
    Query(query): Query<ListQuery>,
    answer_limit: Option<Extension<AnswerLimit>>,
) -> Result<Response, Problem> {
    let (limit, after) = parse(&query)?;
    let first = state.users.list(after, limit.unwrap_or(PAGE)).await?;
    let (body, next) = match (limit, answer_limit) {
        (None, None) => (Body::from_stream(stream(state.clone(), first)), None),
        (Some(_), None) => (Body::from(encode(&first, &state.links, Piece::Whole)), first.next),
        (_, Some(Extension(answer_limit))) => {
            let (array, next) = cut(&state, first, limit, answer_limit).await?;
            (Body::from(array), next)
        }
    };
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    if let Some(next) = next {
        headers.insert(header::LINK, link(&state, limit.unwrap_or(PAGE), &next));
    }
    Ok((headers, body).into_response())
}

fn link(state: &ListUsers, limit: usize, next: &Cursor) -> HeaderValue {
    let next = state.links.to(&format!("/users?limit={limit}&cursor={next}"));
    HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).expect("a checked base and hex digits")
}

fn parse(query: &ListQuery) -> Result<(Option<usize>, Option<Cursor>), Problem> {
    let limit = query.limit.as_deref().map(|text| match text.parse() {
        Ok(limit @ 1..=1000) if !text.starts_with('+') => Ok(limit),
        _ => Err(FieldProblem::new("limit", &FieldError("must be a number from 1 to 1000"))),
    });
    let cursor = query.cursor.as_deref().map(|text| {
        text.parse()
            .map_err(|_| FieldProblem::new("cursor", &FieldError("must come from a `Link` of this API")))
    });
    match (limit.transpose(), cursor.transpose()) {
        (Ok(limit), Ok(cursor)) => Ok((limit, cursor)),
        (limit, cursor) => Err(Problem::fields([limit.err(), cursor.err()].into_iter().flatten().collect())),
    }
}

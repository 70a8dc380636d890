use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::HeaderValue,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::{Cursor, Error, FieldError};
use serde::Deserialize;
#[cfg(feature = "openapi")]
use utoipa::IntoParams;
use web::{AnswerLimit, Problem, conditional::ETag, extract::Query, problem::FieldProblem};

use crate::{
    FirstPiece, ListUsers,
    cut::cut,
    encode::{Piece, encode},
    encoded_page::{EncodedPage, headers, not_modified},
    read_ahead::PAGE,
    stream::stream,
};

#[derive(Deserialize)]
#[cfg_attr(feature = "openapi", derive(IntoParams), into_params(parameter_in = Query))]
#[serde(deny_unknown_fields)]
pub(crate) struct ListQuery {
    /// Maximum number of users, 1 to 1000; all users if absent.
    #[cfg_attr(feature = "openapi", param(value_type = Option<u16>, minimum = 1, maximum = 1000))]
    limit: Option<String>,
    /// Where to continue: the cursor of a `Link`.
    #[cfg_attr(feature = "openapi", param(pattern = "^(01[0-9a-f]{64}|02([0-9a-f]{2}){1,2048})$"))]
    cursor: Option<String>,
}

web::problems!(ListUsersProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, ForeignSite,
    PreconditionFailed, Unavailable, Busy, IssuerUnavailable);

/// List users
///
/// All users, streamed, or `limit` of them with a `Link` to the next page. A response that ends normally is
/// complete; a failure after the first byte aborts the connection. The order is undefined. Where the response
/// size is limited, as in Lambda, the list is cut after a user, with a `Link` to the next page.
#[cfg_attr(feature = "openapi", utoipa::path(get, path = "/users", tag = "users", security(("token" = ["users:read"])), 
    params(ListQuery, web::schema::IfMatch, web::schema::IfNoneMatch), responses(
    (status = 200, description = "The users.", body = Vec<crate::encode::ListedBody>,
        headers(("Cache-Control" = String, description = "`no-cache, s-maxage=5`; `private, no-cache` where a token is required."),
            ("ETag" = String, description = "With `limit`: SHA-256 of the content."),
            ("Link" = String, description = "With `limit`, or if the list was cut: the next page, while there may be more (RFC 8288)."))),
    web::schema::NotModified,
    ListUsersProblems,
)))]
pub(crate) async fn list_users(
    State(state): State<ListUsers>,
    Query(query): Query<ListQuery>,
    answer_limit: Option<Extension<AnswerLimit>>,
    request: Request,
) -> Result<Response, Problem> {
    let (limit, after) = parse(&query)?;
    let answer_limit = answer_limit.map(|Extension(limit)| limit);
    if let Some(limit) = limit {
        return page(&state, limit, after, answer_limit).await?.answer(request.headers());
    }
    // Without a limit there is no tag.
    if ETag::check_read_without_tag(request.headers())? {
        // Preconditions count only where the answer would be a `200` (RFC 9110, 13.2.1).
        state.users.list(after, 1).await?;
        return Ok(not_modified(headers(None)));
    }
    Ok(all(&state, after, answer_limit).await?)
}

/// At most `limit` users. Kept, unless the size of the response is limited too.
async fn page(
    state: &ListUsers,
    limit: usize,
    after: Option<Cursor>,
    answer_limit: Option<AnswerLimit>,
) -> Result<Arc<EncodedPage>, Error> {
    if let Some(answer_limit) = answer_limit {
        let first = state.users.list(after, limit).await?;
        let (array, next) = cut(state, first, Some(limit), answer_limit).await?;
        return Ok(Arc::new(EncodedPage::new(array, link(state, limit, next))));
    }
    let key = (limit, after);
    let read = || {
        let (state, after) = (state.clone(), key.1.clone());
        async move {
            let page = state.users.list(after, limit).await?;
            let array = encode(&page, &state.links, Piece::Whole);
            Ok(Arc::new(EncodedPage::new(array, link(&state, limit, page.next))))
        }
    };
    state.pages.get_or_read(state.users.generation(), &key, read).await
}

/// All users, or as many as a response of limited size can have.
async fn all(
    state: &ListUsers,
    after: Option<Cursor>,
    answer_limit: Option<AnswerLimit>,
) -> Result<Response, Error> {
    let (body, next) = if let Some(answer_limit) = answer_limit {
        let first = state.users.list(after, PAGE).await?;
        let (array, next) = cut(state, first, None, answer_limit).await?;
        (Body::from(array), next)
    } else {
        let body = match first_piece(state, after).await? {
            // In one piece, with its length: a cache keeps only what it knows to be small.
            (array, None) => Body::from(array),
            (piece, Some(next)) => Body::from_stream(stream(state.clone(), piece, next)),
        };
        (body, None)
    };
    Ok((headers(link(state, PAGE, next)), body).into_response())
}

/// The beginning of the array of all users, which may be all of it.
async fn first_piece(state: &ListUsers, after: Option<Cursor>) -> Result<FirstPiece, Error> {
    let (users, links, from) = (state.users.clone(), state.links.clone(), after.clone());
    let read = async move {
        let page = users.list(from, PAGE).await?;
        let piece = if page.next.is_some() { Piece::First } else { Piece::Whole };
        Ok((Bytes::from(encode(&page, &links, piece)), page.next))
    };
    state.first_pieces.get(&after, read).await
}

/// That of the next page, if there is one.
fn link(state: &ListUsers, limit: usize, next: Option<Cursor>) -> Option<HeaderValue> {
    let next = state.links.to(&format!("/users?limit={limit}&cursor={}", next?));
    Some(HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).expect("a checked base and hex digits"))
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

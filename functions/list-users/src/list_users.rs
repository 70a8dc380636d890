use std::time::Duration;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use domain::{Cursor, FieldError, Page};
use futures_util::stream;
use serde::Deserialize;
use tokio::time::timeout;
use utoipa::IntoParams;
use web::{Problem, extract::Query, problem::FieldProblem};

use crate::{
    ListUsers,
    encode::{ListedBody, Place, encode},
};

/// How many users are read at once: about 200 kB of JSON, and a read transaction of about a millisecond.
const PAGE: usize = 1000;

/// How long a page after the first may take: as long as any answer.
const PAGE_WITHIN: Duration = Duration::from_secs(20);

/// Clients ask again each time; a cache in front may answer for five seconds.
const CACHE_CONTROL: HeaderValue = HeaderValue::from_static("no-cache, s-maxage=5");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// At most so many users, 1 to 1000; all of them if it is absent.
    #[param(value_type = Option<u16>, minimum = 1, maximum = 1000)]
    limit: Option<String>,
    /// Where to go on, from a `Link`.
    cursor: Option<String>,
}

web::problems!(ListUsersProblems: BadRequest, InvalidFields, Unauthorized, Forbidden, Unavailable, Busy,
    IssuerUnavailable);

/// List users
///
/// All of them, streamed, or `limit` of them with a `Link` to the next ones. A list that ends well is complete; a
/// failure after the first byte aborts the connection. The order is the store's own.
#[utoipa::path(get, path = "/users", tag = "users", security(("token" = ["users:read"])), params(ListQuery), responses(
    (status = 200, description = "The users.", body = Vec<ListedBody>,
        headers(("Link" = Option<String>, description = "With `limit`: the next users, while there may be more (RFC 8288)."))),
    ListUsersProblems,
))]
pub(crate) async fn list_users(
    State(state): State<ListUsers>,
    Query(query): Query<ListQuery>,
) -> Result<Response, Problem> {
    let (limit, after) = parse(&query)?;
    let first = state.users.list(after, limit.unwrap_or(PAGE)).await?;
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, JSON);
    headers.insert(header::CACHE_CONTROL, CACHE_CONTROL);
    let body = match limit {
        None => Body::from_stream(all(state, first)),
        Some(limit) => {
            if let Some(next) = &first.next {
                let next = state.links.to(&format!("/users?limit={limit}&cursor={next}"));
                let link = format!("<{next}>; rel=\"next\"");
                headers.insert(
                    header::LINK,
                    HeaderValue::from_str(&link).expect("a checked base and hex digits"),
                );
            }
            Body::from(encode(&first, &state.links, Place::Whole))
        }
    };
    Ok((headers, body).into_response())
}

fn parse(query: &ListQuery) -> Result<(Option<usize>, Option<Cursor>), Problem> {
    let limit = query.limit.as_deref().map(|text| match text.parse() {
        Ok(limit @ 1..=1000) if !text.starts_with('+') => Ok(limit),
        _ => Err(FieldProblem::new("limit", &FieldError("must be a number from 1 to 1000"))),
    });
    let cursor = query.cursor.as_deref().map(|text| {
        text.parse()
            .map_err(|_| FieldProblem::new("cursor", &FieldError("must be taken from a `Link` of this API")))
    });
    match (limit.transpose(), cursor.transpose()) {
        (Ok(limit), Ok(cursor)) => Ok((limit, cursor)),
        (limit, cursor) => Err(Problem::fields([limit.err(), cursor.err()].into_iter().flatten().collect())),
    }
}

enum Rest {
    First(Page),
    After(Cursor),
    Nothing,
}

/// The whole array, a page at a time, each read when the one before has been taken.
fn all(state: ListUsers, first: Page) -> impl futures_util::Stream<Item = Result<Bytes, domain::Error>> {
    stream::try_unfold((state, Rest::First(first)), |(state, rest)| async move {
        let (page, is_first) = match rest {
            Rest::First(page) => (page, true),
            Rest::After(cursor) => (read_on(&state, cursor).await?, false),
            Rest::Nothing => return Ok(None),
        };
        let place = match (is_first, page.next.is_some()) {
            (true, true) => Place::First,
            (true, false) => Place::Whole,
            (false, true) => Place::Middle,
            (false, false) => Place::Last,
        };
        let chunk = encode(&page, &state.links, place);
        let rest = page.next.map_or(Rest::Nothing, Rest::After);
        Ok(Some((Bytes::from(chunk), (state, rest))))
    })
}

async fn read_on(state: &ListUsers, cursor: Cursor) -> Result<Page, domain::Error> {
    let page = timeout(PAGE_WITHIN, state.users.list(Some(cursor), PAGE)).await;
    page.unwrap_or_else(|late| Err(domain::Error::unavailable(late))).inspect_err(|error| {
        tracing::error!(error = error as &dyn std::error::Error, "list is cut short");
    })
}

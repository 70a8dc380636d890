//! Changing a user that others may change concurrently.

use axum::http::HeaderMap;
use domain::{Error, User, UserId, UserStore};
use futures_util::future::BoxFuture;
use web::{Kind, Problem, conditional::ETag};

/// Maximum attempts of an unconditional change that conflicts with others. One writer wins each round, so
/// this bounds the number of concurrent writers.
const ATTEMPTS: usize = 256;

/// Reads the user, checks `If-Match` and `If-None-Match`, and applies `change` to what was read. If the user has changed
/// meanwhile, a request with `If-Match` fails; otherwise the user is read again and the change is retried.
pub(crate) async fn change<'a, T>(
    users: &dyn UserStore,
    id: &UserId,
    headers: &HeaderMap,
    change: impl Fn(User) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Problem> {
    for _ in 0..ATTEMPTS {
        let user = users.get(id).await?;
        let named = ETag::of_user(&user).check_write(headers)?;
        match change(user).await {
            Err(Error::Stale) if !named => {}
            result => return Ok(result?),
        }
    }
    Err(Problem::new(Kind::Busy, "Other requests keep changing this user; try again."))
}

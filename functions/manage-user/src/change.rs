//! Changing a user that others may be changing too.

use axum::http::HeaderMap;
use domain::{Error, User, UserId, UserStore};
use futures_util::future::BoxFuture;
use web::{Kind, Problem, conditional::ETag};

/// How often a change is repeated that names no `If-Match` and met another one. Of all that meet one is done each time, so
/// this many may meet.
const ATTEMPTS: usize = 256;

/// Reads the user, checks `If-Match` and applies `change` to what was read. A client that named a version is told when
/// it is stale; for one that did not, the user is read again.
pub(crate) async fn change<'a, T>(
    users: &dyn UserStore,
    id: &UserId,
    headers: &HeaderMap,
    change: impl Fn(User) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Problem> {
    for _ in 0..ATTEMPTS {
        let user = users.get(id).await?;
        let named = ETag::of_user(&user).check_if_match(headers)?;
        match change(user).await {
            Err(Error::Stale) if !named => {}
            result => return Ok(result?),
        }
    }
    Err(Problem::new(Kind::Busy, "Others keep changing this user; try again."))
}

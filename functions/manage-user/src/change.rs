//! Changing a user that others may change concurrently.

use std::time::Duration;

use axum::http::HeaderMap;
use domain::{Error, User, UserId, UserStore};
use futures_util::future::BoxFuture;
use tokio::time::sleep;
use web::{
    Kind, Problem,
    conditional::{ETag, IfMatch},
};

/// Maximum attempts of an unconditional change that conflicts with others.
const ATTEMPTS: u32 = 24;

/// Attempts without a pause between them.
const AT_ONCE: u32 = 3;

/// The longest pause before a further attempt; it doubles with each, up to a limit. The pause is random up to that:
/// otherwise those that conflict would meet again.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
const LAST_PAUSE: Duration = Duration::from_millis(200);

/// Reads the user, checks `If-Match` and `If-None-Match`, and applies `change` to what was read. If the user has changed
/// meanwhile, a request whose `If-Match` names a version fails; otherwise the user is read again and the change is
/// retried.
pub(crate) async fn change<'a, T>(
    users: &dyn UserStore,
    id: &UserId,
    headers: &HeaderMap,
    change: impl Fn(User) -> BoxFuture<'a, Result<T, Error>>,
) -> Result<T, Problem> {
    for attempt in 1..=ATTEMPTS {
        let user = users.get(id).await?;
        let if_match = ETag::of_user(&user).check_write(headers)?;
        match change(user).await {
            Err(Error::Stale) if if_match == IfMatch::AnyVersion => {}
            result => return Ok(result?),
        }
        if let Some(doubled) = attempt.checked_sub(AT_ONCE) {
            let longest = FIRST_PAUSE.saturating_mul(1 << doubled.min(16)).min(LAST_PAUSE);
            sleep(longest.mul_f64(fastrand::f64())).await;
        }
    }
    Err(Problem::new(Kind::Busy, "Other requests keep changing this user; try again."))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::FutureExt as _;
    use storage::{Boundary, Config, conformance::sample};

    use super::*;

    /// How a change ends that meets so many conflicts, and how many times it was tried.
    async fn conflicting(conflicts: u32) -> (Result<(), Kind>, u32) {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("sqlite:{}", folder.path().join("roster.db").display());
        let connection = storage::connect(&Config::parse(&file).unwrap(), Boundary::default()).await.unwrap();
        let user = sample::create_sample(&connection.stores, "ada").await;
        let tried = AtomicU32::new(0);
        let attempt = |_| {
            let is_stale = tried.fetch_add(1, Ordering::SeqCst) < conflicts;
            async move { if is_stale { Err(Error::Stale) } else { Ok(()) } }.boxed()
        };
        // Its pauses take no time.
        tokio::time::pause();
        let ended = change(connection.stores.users.as_ref(), &user.id, &HeaderMap::new(), attempt).await;
        tokio::time::resume();
        connection.close().await;
        (ended.map_err(|problem| problem.kind()), tried.into_inner())
    }

    #[tokio::test]
    async fn a_change_that_keeps_meeting_others_is_tried_24_times() {
        assert_eq!(conflicting(23).await, (Ok(()), 24));
        assert_eq!(conflicting(24).await, (Err(Kind::Busy), 24));
    }
}

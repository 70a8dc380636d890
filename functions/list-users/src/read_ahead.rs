//! Reads the next page of users while the current one is in use.

use std::panic::resume_unwind;

use domain::{Cursor, Error, Page};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use runtime::telemetry::on_behalf;

use crate::ListUsers;

/// Users per page: about 200 kB of JSON, and a read transaction of about a millisecond.
pub(crate) const PAGE: usize = 1000;

/// The next page, being read: never more than one. Dropping it cancels the read.
pub(crate) struct ReadAhead(JoinSet<Result<Page, Error>>);

impl ReadAhead {
    /// Begins to read the page after `cursor`, with the deadline `by`.
    pub(crate) fn start(state: &ListUsers, cursor: Cursor, by: Instant) -> Self {
        let users = state.users.clone();
        let mut reading = JoinSet::new();
        reading.spawn(on_behalf(async move {
            let page = timeout_at(by, users.list(Some(cursor), PAGE)).await;
            page.unwrap_or_else(|late| Err(Error::unavailable(late)))
        }));
        Self(reading)
    }

    /// The page.
    pub(crate) async fn page(mut self) -> Result<Page, Error> {
        let read = self.0.join_next().await.expect("one page is being read");
        // A panic is an internal error, on any page.
        read.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(cancelled) => Err(Error::unavailable(cancelled)),
        })
    }
}

//! Pages of users, each read while the one before is being used.

use std::panic::resume_unwind;

use domain::{Cursor, Error, Page};
use tokio::{
    task::JoinSet,
    time::{Instant, timeout_at},
};

use web::telemetry::on_behalf;

use crate::ListUsers;

/// How many users are read at once: about 200 kB of JSON, and a read transaction of about a millisecond.
pub(crate) const PAGE: usize = 1000;

/// The page after one, which is being read: one and no more. Dropping it ends the reading.
pub(crate) struct Ahead(JoinSet<Result<Page, Error>>);

impl Ahead {
    /// Begins to read the page after `cursor`, to be there by `by`.
    pub(crate) fn read(state: &ListUsers, cursor: Cursor, by: Instant) -> Self {
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
        // A defect is one on whichever page.
        read.unwrap_or_else(|ended| match ended.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            Err(cancelled) => Err(Error::unavailable(cancelled)),
        })
    }
}

//! How long ago the object of a write was put.

use std::{pin::Pin, time::Duration};

use domain::{Error, NewAvatar, Timestamp, User};
use tokio::time::Instant;

use super::replace_avatar;
use crate::aws::calls::Calls;

/// Longer than any write takes that is not paused, and far shorter than the least age of what a sweep removes.
const LONG: Duration = Duration::from_secs(30);

/// When a write began, by both clocks: one may pause with the process, the other may be set.
pub(super) struct Began {
    running: Instant,
    wall: Timestamp,
}

/// Boxed, since it may begin a write of its own kind.
type Kept<'a> = Pin<Box<dyn Future<Output = Result<User, Error>> + Send + 'a>>;

impl Began {
    pub(super) fn now() -> Self {
        Self { running: Instant::now(), wall: Timestamp::now() }
    }

    fn was_long_ago(&self) -> bool {
        let now = Timestamp::now();
        self.running.elapsed() > LONG || now > self.wall + LONG || now < self.wall - LONG
    }

    /// The user that this write left, whose item names the object by now. Where that took long, a sweep may have removed the object
    /// in between, or be about to: the user is given the image as another upload. Where the user has changed since, this image is
    /// not theirs any more.
    pub(super) fn kept<'a>(&'a self, calls: &'a Calls, user: User, avatar: &'a NewAvatar) -> Kept<'a> {
        Box::pin(async move {
            if !self.was_long_ago() {
                return Ok(user);
            }
            tracing::warn!(user.id = %user.id, "a write took long: its image is stored again");
            let again = NewAvatar::new(avatar.image.clone(), avatar.trace_parent);
            match replace_avatar(calls, &user, &again, user.updated_at).await {
                Err(Error::Stale | Error::NotFound) => Ok(user),
                answer => answer,
            }
        })
    }
}

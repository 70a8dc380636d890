//! How long ago the object of a write was stored.

use std::{pin::Pin, time::Duration};

use domain::{Error, NewAvatar, Timestamp, User};
use tokio::time::Instant;

use super::replace_avatar;
use crate::aws::calls::Calls;

/// Longer than any write takes unless it is paused, and far shorter than the minimum age of an orphan that a
/// sweep removes.
const LONG: Duration = Duration::from_secs(30);

/// When a write began, by two clocks: one may pause with the process, the other may be set.
pub(super) struct Began {
    running: Instant,
    wall: Timestamp,
}

/// Boxed, since it may start another write of the same kind.
type Kept<'a> = Pin<Box<dyn Future<Output = Result<User, Error>> + Send + 'a>>;

impl Began {
    pub(super) fn now() -> Self {
        Self { running: Instant::now(), wall: Timestamp::now() }
    }

    fn was_long_ago(&self) -> bool {
        let now = Timestamp::now();
        self.running.elapsed() > LONG || now > self.wall + LONG || now < self.wall - LONG
    }

    /// The user after this write, whose item now references the object. If the write took long, a sweep may
    /// have removed the object in between, or be about to: then the image is stored again as another upload.
    /// If the user has changed since, this image is no longer theirs.
    pub(super) fn kept<'a>(&'a self, calls: &'a Calls, user: User, avatar: &'a NewAvatar) -> Kept<'a> {
        Box::pin(async move {
            if !self.was_long_ago() {
                return Ok(user);
            }
            tracing::warn!(user.id = %user.id, "write took too long; storing its image again");
            let again = NewAvatar::new(avatar.image.clone(), avatar.trace_parent);
            match replace_avatar(calls, &user, &again, user.updated_at).await {
                Err(Error::Stale | Error::NotFound) => Ok(user),
                answer => answer,
            }
        })
    }
}

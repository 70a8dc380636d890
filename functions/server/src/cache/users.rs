//! The users' store, of which each write bans what it changed.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    Created, Cursor, DisplayName, Email, EmailHash, Error, Idempotency, NewAvatar, NewUser, Page, Timestamp,
    User, UserId, UserStore,
};
use runtime::telemetry::on_behalf;

use super::{Bans, keys::keys_of};

/// Bans what a write changed, or may have changed, before the write is acknowledged.
pub struct BanningUsers {
    users: Arc<dyn UserStore>,
    bans: Bans,
}

impl BanningUsers {
    /// Around these users.
    pub fn new(users: Arc<dyn UserStore>, bans: Bans) -> Self {
        Self { users, bans }
    }

    /// Runs a write, and the ban after it, to the end: without the client that sent it too.
    async fn write<T: Send + 'static>(
        &self,
        user: &User,
        write: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let (bans, keys, running) = (self.bans.clone(), keys_of(user), self.bans.begin_write());
        let written = tokio::spawn(on_behalf(async move {
            let _running = running;
            let written = write.await;
            if written.as_ref().map_or_else(may_have_changed, |_| true) {
                bans.ban(keys).await;
            }
            written
        }));
        match written.await {
            Ok(written) => written,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(ended) => Err(Error::unavailable(ended)),
            },
        }
    }
}

/// Whether the store may have changed in spite of this error.
fn may_have_changed(error: &Error) -> bool {
    match error {
        // Not found: by the very deletion whose answer was lost. Damaged: perhaps only what was read after the write.
        Error::Unavailable(_) | Error::NotFound | Error::Damaged(_) => true,
        Error::EmailTaken
        | Error::IdempotencyKeyReused
        | Error::Stale
        | Error::Throttled
        | Error::WrongEnvironment(_) => false,
    }
}

#[async_trait]
impl UserStore for BanningUsers {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        let (users, user) = (self.users.clone(), new.user());
        self.write(&user, async move { users.create(new).await }).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        self.users.created(email, request).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.users.get(id).await
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        self.users.find(hash).await
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        let (users, indexed) = (self.users.clone(), user.clone());
        self.write(user, async move { users.index(&indexed).await }).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        self.users.list(after, limit).await
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        let (users, user) = (self.users.clone(), read.clone());
        self.write(read, async move { users.rename(&user, name, updated_at).await }).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let (users, user) = (self.users.clone(), read.clone());
        self.write(read, async move { users.replace_avatar(&user, avatar, updated_at).await }).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        let (users, user) = (self.users.clone(), read.clone());
        self.write(read, async move { users.remove_avatar(&user, updated_at).await }).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        let (users, user) = (self.users.clone(), read.clone());
        self.write(read, async move { users.delete(&user).await }).await
    }

    fn generation(&self) -> Option<u64> {
        self.users.generation()
    }
}

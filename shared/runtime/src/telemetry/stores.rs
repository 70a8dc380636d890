//! Counts and times every store call.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Environment, Error, Image, Md5, NewAvatar, NewUser,
    Ownership, Page, Rendition, RenditionKey, RenditionStore, StoreHealth, Stores, Timestamp, Upload, User,
    UserId, UserStore,
};

use super::{Scope, Telemetry};

/// The same stores, with calls observed by `telemetry`.
pub fn observed(stores: Stores, telemetry: Telemetry) -> Stores {
    let decorated = Arc::new(Observed { stores, telemetry });
    Stores {
        users: decorated.clone(),
        avatars: decorated.clone(),
        renditions: decorated.clone(),
        health: decorated,
    }
}

struct Observed {
    stores: Stores,
    telemetry: Telemetry,
}

impl Observed {
    async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let mut seen = Call {
            telemetry: &self.telemetry,
            operation,
            began: Instant::now(),
            result: StoreResult::Dropped,
        };
        let answer = call.await;
        seen.result = StoreResult::of(&answer);
        answer
    }
}

/// How a call of a store ended.
#[derive(Clone, Copy)]
pub(crate) enum StoreResult {
    Ok,
    NotFound,
    Conflict,
    Throttled,
    Unavailable,
    Damaged,
    /// The caller went away or timed out.
    Dropped,
}

impl StoreResult {
    fn of<T>(answer: &Result<T, Error>) -> Self {
        match answer {
            Ok(_) => Self::Ok,
            Err(Error::NotFound) => Self::NotFound,
            Err(Error::EmailTaken | Error::IdempotencyKeyReused | Error::Stale) => Self::Conflict,
            Err(Error::Throttled) => Self::Throttled,
            Err(Error::Unavailable(_) | Error::WrongEnvironment(_)) => Self::Unavailable,
            Err(Error::Damaged(_)) => Self::Damaged,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Damaged => "damaged",
            Self::Dropped => "dropped",
        }
    }

    /// The name, if the store failed.
    pub(super) fn error(self) -> Option<&'static str> {
        match self {
            Self::Ok | Self::NotFound | Self::Conflict => None,
            Self::Throttled | Self::Unavailable | Self::Damaged | Self::Dropped => Some(self.name()),
        }
    }
}

/// A call in progress. Dropping it records it, so that abandoned calls are recorded too.
struct Call<'a> {
    telemetry: &'a Telemetry,
    operation: &'static str,
    began: Instant,
    result: StoreResult,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        let scope = Scope::current();
        self.telemetry.store_call(scope.as_deref(), self.operation, self.result, self.began.elapsed());
    }
}

#[async_trait]
impl UserStore for Observed {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.call("users.create", self.stores.users.create(new)).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.call("users.get", self.stores.users.get(id)).await
    }

    async fn find(&self, md5: &Md5) -> Result<User, Error> {
        self.call("users.find", self.stores.users.find(md5)).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        self.call("users.list", self.stores.users.list(after, limit)).await
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        self.call("users.rename", self.stores.users.rename(read, name, updated_at)).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let call = self.stores.users.replace_avatar(read, avatar, updated_at);
        self.call("users.replace_avatar", call).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        self.call("users.remove_avatar", self.stores.users.remove_avatar(read, updated_at)).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.call("users.delete", self.stores.users.delete(read)).await
    }
}

#[async_trait]
impl AvatarStore for Observed {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        self.call("avatars.read", self.stores.avatars.read(key)).await
    }

    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        self.call("avatars.read_upload", self.stores.avatars.read_upload(key)).await
    }
}

#[async_trait]
impl RenditionStore for Observed {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        self.call("renditions.read", self.stores.renditions.read(key)).await
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        self.call("renditions.keep", self.stores.renditions.keep(of, renditions)).await
    }
}

#[async_trait]
impl StoreHealth for Observed {
    fn name(&self) -> &'static str {
        self.stores.health.name()
    }

    fn ownership(&self) -> Ownership {
        self.stores.health.ownership()
    }

    async fn check(&self) -> Result<Option<Environment>, Error> {
        self.call("health.check", self.stores.health.check()).await
    }
}

//! Faults around the ports of any store.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Error, Image, NewUser, Ownership, Page,
    StoreHealth, Stores, Timestamp, UploadId, User, UserId, UserStore,
};

use super::Faults;

/// The same stores, which fail where the rules say so.
pub fn with_faults(stores: Stores, faults: Faults) -> Stores {
    let decorated = Arc::new(Faulty { stores, faults });
    Stores { users: decorated.clone(), avatars: decorated.clone(), health: decorated }
}

struct Faulty {
    stores: Stores,
    faults: Faults,
}

impl Faulty {
    async fn call<T>(
        &self,
        operation: &str,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.faults.before(operation).meet().await?;
        let answer = call.await?;
        self.faults.after(operation).meet().await?;
        Ok(answer)
    }
}

#[async_trait]
impl UserStore for Faulty {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.call("users.create", self.stores.users.create(new)).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.call("users.get", self.stores.users.get(id)).await
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
        upload: UploadId,
        image: Image,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let call = self.stores.users.replace_avatar(read, upload, image, updated_at);
        self.call("users.replace_avatar", call).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.call("users.delete", self.stores.users.delete(read)).await
    }
}

#[async_trait]
impl AvatarStore for Faulty {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        self.call("avatars.read", self.stores.avatars.read(key)).await
    }
}

#[async_trait]
impl StoreHealth for Faulty {
    fn name(&self) -> &'static str {
        self.stores.health.name()
    }

    fn ownership(&self) -> Ownership {
        self.stores.health.ownership()
    }

    async fn check(&self) -> Result<(), Error> {
        self.call("health.check", self.stores.health.check()).await
    }
}

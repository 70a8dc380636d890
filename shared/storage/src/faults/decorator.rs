//! Faults around the ports of any store.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Environment, Error, Image, Md5, NewAvatar, NewUser,
    Ownership, Page, Rendition, RenditionKey, RenditionStore, StoreHealth, Stores, Timestamp, Upload, User,
    UserId, UserStore,
};

use super::Faults;

/// The same stores, with faults by these rules.
pub fn with_faults(stores: Stores, faults: Faults) -> Stores {
    let decorated = Arc::new(Faulty { stores, faults });
    Stores {
        users: decorated.clone(),
        avatars: decorated.clone(),
        renditions: decorated.clone(),
        health: decorated,
    }
}

struct Faulty {
    stores: Stores,
    faults: Faults,
}

#[async_trait]
impl UserStore for Faulty {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.faults.around("users.create", self.stores.users.create(new)).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.faults.around("users.get", self.stores.users.get(id)).await
    }

    async fn find(&self, md5: &Md5) -> Result<User, Error> {
        self.faults.around("users.find", self.stores.users.find(md5)).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        self.faults.around("users.list", self.stores.users.list(after, limit)).await
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        self.faults.around("users.rename", self.stores.users.rename(read, name, updated_at)).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let call = self.stores.users.replace_avatar(read, avatar, updated_at);
        self.faults.around("users.replace_avatar", call).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        self.faults.around("users.remove_avatar", self.stores.users.remove_avatar(read, updated_at)).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.faults.around("users.delete", self.stores.users.delete(read)).await
    }
}

#[async_trait]
impl AvatarStore for Faulty {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        self.faults.around("avatars.read", self.stores.avatars.read(key)).await
    }

    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        self.faults.around("avatars.read_upload", self.stores.avatars.read_upload(key)).await
    }
}

#[async_trait]
impl RenditionStore for Faulty {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        self.faults.around("renditions.read", self.stores.renditions.read(key)).await
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        self.faults.around("renditions.keep", self.stores.renditions.keep(of, renditions)).await
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

    async fn check(&self) -> Result<Option<Environment>, Error> {
        self.faults.around("health.check", self.stores.health.check()).await
    }
}

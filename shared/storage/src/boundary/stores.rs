//! The decorator of the stores.

use std::{sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    AvatarKey, AvatarStore, CallOutcome, Claim, Created, Cursor, Digest, DirectUpload, DirectUploadId,
    DisplayName, Email, EmailHash, Environment, Error, Idempotency, Image, NewAvatar, NewUser, OpenImage,
    Operation, Ownership, Page, Rendition, RenditionKey, RenditionStore, SendTo, StoreHealth, StoreObserver,
    Stores, Timestamp, Upload, UploadStore, User, UserId, UserStore,
};

use crate::{faults::Faults, guard::Guard};

pub(super) fn around(
    stores: Stores,
    guard: Guard,
    faults: Faults,
    observer: Option<Arc<dyn StoreObserver>>,
) -> Stores {
    let bounded = Arc::new(Bounded { stores, guard, faults, observer });
    Stores {
        users: bounded.clone(),
        avatars: bounded.clone(),
        renditions: bounded.clone(),
        uploads: bounded.clone(),
        health: bounded,
    }
}

struct Bounded {
    stores: Stores,
    guard: Guard,
    faults: Faults,
    observer: Option<Arc<dyn StoreObserver>>,
}

impl Bounded {
    async fn call<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.observe(operation, async {
            self.guard.pass().await?;
            self.faults.around(operation, call).await
        })
        .await
    }

    async fn observe<T>(
        &self,
        operation: Operation,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let Some(observer) = self.observer.as_deref() else { return call.await };
        let mut in_progress =
            Observed { observer, operation, began: Instant::now(), outcome: CallOutcome::Dropped };
        let answer = call.await;
        in_progress.outcome = CallOutcome::of(&answer);
        answer
    }
}

/// A call in progress. Dropping it reports it, so that abandoned calls are reported too.
struct Observed<'a> {
    observer: &'a dyn StoreObserver,
    operation: Operation,
    began: Instant,
    outcome: CallOutcome,
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        self.observer.call_ended(self.operation, self.outcome, self.began.elapsed());
    }
}

#[async_trait]
impl UserStore for Bounded {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.call(Operation::UsersCreate, self.stores.users.create(new)).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        self.call(Operation::UsersCreated, self.stores.users.created(email, request)).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.call(Operation::UsersGet, self.stores.users.get(id)).await
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        self.call(Operation::UsersFind, self.stores.users.find(hash)).await
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        self.call(Operation::UsersIndex, self.stores.users.index(user)).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        let page = self.call(Operation::UsersList, self.stores.users.list(after, limit)).await?;
        if let (Some(observer), 1..) = (&self.observer, page.left_out) {
            observer.users_left_out(page.left_out);
        }
        Ok(page)
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        self.call(Operation::UsersRename, self.stores.users.rename(read, name, updated_at)).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let call = self.stores.users.replace_avatar(read, avatar, updated_at);
        self.call(Operation::UsersReplaceAvatar, call).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        self.call(Operation::UsersRemoveAvatar, self.stores.users.remove_avatar(read, updated_at)).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.call(Operation::UsersDelete, self.stores.users.delete(read)).await
    }

    /// No call, so it is not observed. `None` where a call might not reach the store: what was kept must not
    /// hide that.
    fn generation(&self) -> Option<u64> {
        const READS: [Operation; 3] = [Operation::UsersGet, Operation::UsersFind, Operation::UsersList];
        let calls_reach_the_store = self.guard.has_passed() && !self.faults.have_rules_for(&READS);
        calls_reach_the_store.then(|| self.stores.users.generation()).flatten()
    }
}

#[async_trait]
impl AvatarStore for Bounded {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        self.call(Operation::AvatarsRead, self.stores.avatars.read(key)).await
    }

    async fn open(&self, key: &AvatarKey) -> Result<OpenImage, Error> {
        self.call(Operation::AvatarsOpen, self.stores.avatars.open(key)).await
    }

    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        self.call(Operation::AvatarsReadUpload, self.stores.avatars.read_upload(key)).await
    }

    async fn link(&self, key: &AvatarKey) -> Result<Option<String>, Error> {
        self.call(Operation::AvatarsLink, self.stores.avatars.link(key)).await
    }
}

#[async_trait]
impl RenditionStore for Bounded {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        self.call(Operation::RenditionsRead, self.stores.renditions.read(key)).await
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        self.call(Operation::RenditionsKeep, self.stores.renditions.keep(of, renditions)).await
    }
}

#[async_trait]
impl UploadStore for Bounded {
    async fn announce(&self, upload: &DirectUpload) -> Result<SendTo, Error> {
        self.call(Operation::UploadsAnnounce, self.stores.uploads.announce(upload)).await
    }

    async fn find(&self, id: &DirectUploadId) -> Result<Option<DirectUpload>, Error> {
        self.call(Operation::UploadsFind, self.stores.uploads.find(id)).await
    }

    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error> {
        self.call(Operation::UploadsKeep, self.stores.uploads.keep(id, bytes)).await
    }

    async fn read(&self, upload: &DirectUpload) -> Result<Option<Bytes>, Error> {
        self.call(Operation::UploadsRead, self.stores.uploads.read(upload)).await
    }

    async fn is_claimed(&self, id: &DirectUploadId) -> Result<bool, Error> {
        self.call(Operation::UploadsIsClaimed, self.stores.uploads.is_claimed(id)).await
    }

    async fn claim(&self, id: &DirectUploadId, request: &Digest) -> Result<Claim, Error> {
        self.call(Operation::UploadsClaim, self.stores.uploads.claim(id, request)).await
    }

    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error> {
        self.call(Operation::UploadsRemove, self.stores.uploads.remove(id)).await
    }
}

#[async_trait]
impl StoreHealth for Bounded {
    fn name(&self) -> &'static str {
        self.stores.health.name()
    }

    fn ownership(&self) -> Ownership {
        self.stores.health.ownership()
    }

    /// The guard judges every answer, not only the first.
    async fn check(&self) -> Result<Option<Environment>, Error> {
        self.observe(Operation::HealthCheck, self.guard.check()).await
    }
}

//! A decorator that counts the pages of users that are requested, and holds back all but the first.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use domain::{
    Created, Cursor, DisplayName, Email, EmailHash, Error, Idempotency, NewAvatar, NewUser, Page, Timestamp,
    User, UserId, UserStore,
};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

pub struct GatedStore {
    inner: Arc<dyn UserStore>,
    /// Pages requested so far.
    pub requested: AtomicUsize,
    /// Pages being read.
    pub reading: Arc<AtomicUsize>,
    /// A permit for each page that may be read.
    pub permits: Semaphore,
}

impl GatedStore {
    pub fn new(inner: Arc<dyn UserStore>) -> Arc<Self> {
        let permits = Semaphore::new(1);
        Arc::new(Self { inner, requested: AtomicUsize::default(), reading: Arc::default(), permits })
    }
}

struct ReadGuard(Arc<AtomicUsize>);

impl Drop for ReadGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl UserStore for GatedStore {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.inner.create(new).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        self.inner.created(email, request).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.inner.get(id).await
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        self.inner.find(hash).await
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        self.inner.index(user).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        self.requested.fetch_add(1, Ordering::SeqCst);
        self.reading.fetch_add(1, Ordering::SeqCst);
        let _guard = ReadGuard(self.reading.clone());
        self.permits.acquire().await.unwrap().forget();
        // A paused clock advances by itself unless a blocking task runs.
        let (inner, runtime) = (self.inner.clone(), Handle::current());
        spawn_blocking(move || runtime.block_on(inner.list(after, limit))).await.unwrap()
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        self.inner.rename(read, name, updated_at).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        self.inner.replace_avatar(read, avatar, updated_at).await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        self.inner.remove_avatar(read, updated_at).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        self.inner.delete(read).await
    }
}

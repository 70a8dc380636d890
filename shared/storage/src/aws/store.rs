//! The ports.

use std::sync::Arc;

use async_trait::async_trait;
use aws_config::SdkConfig;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Environment, Error, Image, Md5, NewAvatar, NewUser,
    Ownership, Page, StoreHealth, Timestamp, User, UserId, UserStore,
};

use futures_util::future::{BoxFuture, Shared};

use super::{
    Options,
    bucket::Bucket,
    in_flight::InFlight,
    item::{self, SENTINEL},
    table::Table,
    writes::{self, Place},
};

/// What the ports are made of.
pub(super) struct Calls {
    table: Table,
    bucket: Option<Bucket>,
    avatar_base_url: String,
}

/// That, once it is there, or why it cannot be.
pub(super) type Making = Shared<BoxFuture<'static, Result<Arc<Calls>, String>>>;

impl Calls {
    pub(super) fn new(options: Options, config: &SdkConfig) -> Self {
        let bucket = Bucket::open(config, options.avatars_bucket, &options.faults);
        let table = Table::new(config, options.users_table, options.faults);
        Self { table, bucket, avatar_base_url: options.avatar_base_url }
    }

    fn bucket(&self) -> Result<&Bucket, Error> {
        self.bucket.as_ref().ok_or_else(|| Error::unavailable("this program was given no bucket of images"))
    }
}

pub(super) struct Store {
    calls: Making,
    writes: Arc<InFlight>,
}

impl Store {
    pub(super) fn new(calls: Making, writes: Arc<InFlight>) -> Self {
        Self { calls, writes }
    }

    async fn calls(&self) -> Result<Arc<Calls>, Error> {
        self.calls.clone().await.map_err(Error::unavailable)
    }

    /// Where a write goes, for as long as it takes.
    async fn place(&self) -> Result<Place, Error> {
        let calls = self.calls().await?;
        Ok(Place {
            table: calls.table.clone(),
            bucket: calls.bucket()?.clone(),
            avatar_base_url: calls.avatar_base_url.clone(),
        })
    }
}

#[async_trait]
impl UserStore for Store {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        let place = self.place().await?;
        let user = UserId::of(&new.email);
        self.writes.run(user, async move { writes::create(&place, new).await }).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.writes.settled(id).await;
        let item = self.calls().await?.table.get(id).await?.ok_or(Error::NotFound)?;
        item::user(&item)
    }

    async fn find(&self, md5: &Md5) -> Result<User, Error> {
        let id = self.calls().await?.table.find(md5).await?.ok_or(Error::NotFound)?;
        self.get(&id).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        let calls = self.calls().await?;
        let mut after = after.map(|cursor| match cursor {
            Cursor::User(id) => id.to_string(),
            Cursor::Other(key) => key,
        });
        let mut page = Page::with_capacity(limit);
        loop {
            let scanned = calls.table.scan(after.as_deref(), limit).await?;
            let users = scanned.items.iter().filter(|item| item::optional(item, item::ID) != Some(SENTINEL));
            for item in users {
                page.push(item::listed(item)?);
            }
            // A page that met nobody but the sentinel is no answer yet.
            if page.users().len() > 0 || scanned.last.is_none() {
                page.next = scanned.last.as_deref().map(Cursor::after);
                return Ok(page);
            }
            after = scanned.last;
        }
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        let (table, read) = (self.calls().await?.table.clone(), read.clone());
        self.writes.run(read.id, async move { writes::rename(&table, &read, &name, updated_at).await }).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let (place, read) = (self.place().await?, read.clone());
        self.writes
            .run(read.id, async move { writes::replace_avatar(&place, &read, &avatar, updated_at).await })
            .await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        let (place, read) = (self.place().await?, read.clone());
        self.writes.run(read.id, async move { writes::delete(&place, &read).await }).await
    }
}

#[async_trait]
impl AvatarStore for Store {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        self.writes.settled(&key.user).await;
        self.calls().await?.bucket()?.get(key).await
    }
}

#[async_trait]
impl StoreHealth for Store {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    fn ownership(&self) -> Ownership {
        Ownership::Shared
    }

    async fn check(&self) -> Result<Option<Environment>, Error> {
        self.calls().await?.table.environment().await
    }
}

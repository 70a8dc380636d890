//! The ports, each write in a file of its own: first the object, then the item on a condition, then the removal of the replaced object.
//!
//! A write that stops between two of its calls leaves each user with its image, and at most orphaned objects.
//! Nothing is removed after an item's write whose outcome is unknown. A write that is retried after its
//! response was lost finds its own item, and recognises it by its upload or its write id.
//!
//! A sweep may remove an object that no item references yet, once the object is older than any write takes. A
//! process can pause between the two calls, as a frozen Lambda function does. So a write that took long
//! stores the image again as another upload, which is too young for any sweep (`start_time`).
//!
//! Renditions are stored first, and then the item is read again: if it does not reference their image, they
//! are removed. A write that removes the image changes the item first and removes the objects after. So
//! either that write sees the renditions, or the call that stores them sees the item: in either order, no
//! rendition of a removed image remains. A failed put may still take effect later; a sweep finds what it
//! leaves. In a bucket without a marker the renditions stay: they may belong to a user of another table.

mod create;
mod delete;
mod index;
mod keep_renditions;
mod remove_avatar;
mod rename;
mod replace_avatar;
mod start_time;

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Email, EmailHash, Environment, Error, Idempotency,
    Image, NewAvatar, NewUser, OpenImage, Ownership, Page, Rendition, RenditionKey, RenditionStore,
    StoreHealth, Timestamp, Upload, User, UserId, UserStore,
};

use tokio::{sync::OnceCell, task::spawn_blocking};

use super::{
    aws_clients::AwsClients,
    item::{self, SENTINEL},
    options::Options,
    session::Session,
};
use crate::{faults::Faults, in_flight::InFlight};

/// Items that are read in one call after a page without users.
const SCANNED: usize = 1000;

pub(super) struct Store {
    options: Options,
    faults: Faults,
    session: Arc<Session>,
    aws: OnceCell<Arc<AwsClients>>,
    pub(super) writes: Arc<InFlight>,
}

impl Store {
    pub(super) fn new(
        options: Options,
        faults: Faults,
        session: Arc<Session>,
        aws: OnceCell<Arc<AwsClients>>,
    ) -> Self {
        Self { options, faults, session, aws, writes: Arc::default() }
    }

    /// Created by the first call, on a thread that may block. Every call waits here for credentials.
    pub(super) async fn aws(&self) -> Result<&Arc<AwsClients>, Error> {
        let config = self.session.config().await?;
        let make = || async {
            let (options, faults, config) = (self.options.clone(), self.faults.clone(), config.clone());
            let made = spawn_blocking(move || Arc::new(AwsClients::new(options, &config, faults)));
            made.await.map_err(Error::unavailable)
        };
        self.aws.get_or_try_init(make).await
    }
}

#[async_trait]
impl UserStore for Store {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        let aws = self.aws().await?.clone();
        self.writes.run(new.id, async move { create::create(&aws, new).await }).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        self.writes.wait_for_user(&UserId::of(email)).await;
        create::created(self.aws().await?, email, request).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        self.writes.wait_for_user(id).await;
        let item = self.aws().await?.table.get(id).await?.ok_or(Error::NotFound)?;
        item::user(&item)
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        let table = &self.aws().await?.table;
        let id = match hash {
            EmailHash::Sha256(id) => match self.get(id).await {
                Err(Error::NotFound) => table.find_other(hash).await?,
                found => return found,
            },
            EmailHash::Md5(md5) => match table.find(md5).await? {
                None => table.find_other(hash).await?,
                found => found,
            },
        };
        self.get(&id.ok_or(Error::NotFound)?).await
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        let (aws, user) = (self.aws().await?.clone(), user.clone());
        self.writes.run(user.id, async move { index::index(&aws, &user).await }).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        let aws = self.aws().await?;
        let mut after = after.map(|cursor| match cursor {
            Cursor::User(id) => id.to_string(),
            Cursor::Other(key) => key,
        });
        let mut page = Page::with_capacity(limit);
        let mut at_once = limit;
        loop {
            let scanned = aws.table.scan(after.as_deref(), at_once).await?;
            let mut last = None;
            for item in &scanned.items {
                // More was read than is wanted, after items that cannot be shown.
                if page.users().len() == limit {
                    page.next = last.map(Cursor::after);
                    return Ok(page);
                }
                last = item::optional(item, item::ID);
                match item::listed(item) {
                    _ if last == Some(SENTINEL) => {}
                    Ok(user) => page.push(user),
                    Err(error) => {
                        page.left_out += 1;
                        aws.log_left_out(last.unwrap_or_default(), &error);
                    }
                }
            }
            // A page may be empty although there are more, or hold nothing that can be shown: no answer yet.
            if page.users().len() > 0 || scanned.last.is_none() {
                page.next = scanned.last.as_deref().map(Cursor::after);
                return Ok(page);
            }
            after = scanned.last;
            at_once = SCANNED.max(limit);
        }
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        let (aws, read) = (self.aws().await?.clone(), read.clone());
        self.writes.run(read.id, async move { rename::rename(&aws, &read, &name, updated_at).await }).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let (aws, read) = (self.aws().await?.clone(), read.clone());
        self.writes
            .run(
                read.id,
                async move { replace_avatar::replace_avatar(&aws, &read, &avatar, updated_at).await },
            )
            .await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        let (aws, read) = (self.aws().await?.clone(), read.clone());
        self.writes
            .run(read.id, async move { remove_avatar::remove_avatar(&aws, &read, updated_at).await })
            .await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        let (aws, read) = (self.aws().await?.clone(), read.clone());
        self.writes.run(read.id, async move { delete::delete(&aws, &read).await }).await
    }
}

#[async_trait]
impl AvatarStore for Store {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        Ok(self.read_upload(key).await?.image)
    }

    async fn open(&self, key: &AvatarKey) -> Result<OpenImage, Error> {
        self.writes.wait_for_user(&key.user).await;
        self.aws().await?.bucket()?.open_image(&key.to_string(), key.format).await
    }

    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        self.writes.wait_for_user(&key.user).await;
        self.aws().await?.bucket()?.get(&key.to_string(), key.format).await
    }

    async fn link(&self, key: &AvatarKey) -> Result<Option<String>, Error> {
        self.aws().await?.bucket()?.link(&key.to_string()).await.map(Some)
    }
}

#[async_trait]
impl RenditionStore for Store {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        self.writes.wait_for_user(&key.user).await;
        Ok(self.aws().await?.bucket()?.get(&key.to_string(), key.format).await?.image)
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        let (aws, of, renditions) = (self.aws().await?.clone(), *of, renditions.to_vec());
        self.writes
            .run(of.user, async move { keep_renditions::keep_renditions(&aws, &of, renditions).await })
            .await
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
        self.aws().await?.environment().await
    }
}

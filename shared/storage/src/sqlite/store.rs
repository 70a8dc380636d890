//! The ports, each write with its statements in a file of its own: they run inside a savepoint.

pub(super) mod create;
mod delete;
mod index;
mod remove_avatar;
mod rename;
pub(super) mod renditions;
mod replace_avatar;
mod unchanged;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    AvatarKey, AvatarStore, Created, Cursor, DisplayName, Email, EmailHash, Environment, Error, Idempotency,
    Image, ImageBytes, NewAvatar, NewUser, OpenImage, Ownership, Page, Rendition, RenditionKey,
    RenditionStore, StoreHealth, Timestamp, Upload, User, UserId, UserStore,
};
use rusqlite::Connection;
use tokio::sync::{Notify, oneshot};

use super::{
    generation::Generation,
    group::{Pending, Write},
    queue::Queue,
    readers::Read,
    reads,
    transaction::Transaction,
};

/// What a write without an image weighs, in bytes: the pages that it touches.
const ROW_BYTES: usize = 32 * 1024;

/// Passes calls to the threads, and their answers back.
pub(super) struct Store {
    reader: Reader,
    writes: Arc<Queue<Box<dyn Write>>>,
    pub(super) generation: Arc<Generation>,
    /// Notified of each commit of this process.
    pub(super) committed: Arc<Notify>,
}

/// Passes reads to the threads.
#[derive(Clone)]
pub(super) struct Reader {
    reads: Arc<Queue<Read>>,
    /// Damage was found; it is permanent.
    damaged: Arc<AtomicBool>,
}

impl Store {
    pub(super) fn new(reads: Arc<Queue<Read>>, writes: Arc<Queue<Box<dyn Write>>>) -> Self {
        Self {
            reader: Reader { reads, damaged: Arc::default() },
            writes,
            generation: Arc::default(),
            committed: Arc::default(),
        }
    }

    /// Refuses new calls.
    pub(super) fn close(&self) {
        self.generation.close();
        self.writes.close();
        self.reader.reads.close();
    }

    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.reader.read(read).await
    }

    pub(super) async fn write<T: Send + 'static>(
        &self,
        bytes: usize,
        write: impl Fn(&Transaction<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, answer) = oneshot::channel();
        self.writes.push(Box::new(Pending::new(write, caller)), ROW_BYTES + bytes)?;
        self.reader.answer(answer).await
    }
}

impl Reader {
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let (caller, answer) = oneshot::channel();
        let read = move |connection: &Connection| {
            // If the caller has gone away, leave the time to the others.
            if !caller.is_closed() {
                let _ = caller.send(read(connection));
            }
        };
        self.reads.push(Box::new(read), 0)?;
        self.answer(answer).await
    }

    async fn answer<T>(&self, answer: oneshot::Receiver<Result<T, Error>>) -> Result<T, Error> {
        let answer =
            answer.await.unwrap_or_else(|_| Err(Error::unavailable("no answer from the store's thread")));
        if matches!(answer, Err(Error::Damaged(_))) {
            self.damaged.store(true, Ordering::Relaxed);
        }
        answer
    }
}

#[async_trait]
impl UserStore for Store {
    async fn create(&self, new: NewUser) -> Result<Created, Error> {
        self.write(new.avatar.image.bytes.len(), move |tx| create::create(tx, &new)).await
    }

    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error> {
        let (email, request) = (email.clone(), request.cloned());
        self.read(move |connection| create::created(connection, &email, request.as_ref())).await
    }

    async fn get(&self, id: &UserId) -> Result<User, Error> {
        let id = *id;
        self.read(move |connection| reads::get(connection, &id)).await
    }

    async fn find(&self, hash: &EmailHash) -> Result<User, Error> {
        let hash = *hash;
        self.read(move |connection| reads::find(connection, &hash)).await
    }

    async fn index(&self, user: &User) -> Result<(), Error> {
        let user = user.clone();
        self.write(0, move |tx| index::index(tx, &user)).await
    }

    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error> {
        self.read(move |connection| reads::list(connection, after.as_ref(), limit)).await
    }

    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error> {
        let read = read.clone();
        self.write(0, move |tx| rename::rename(tx, &read, &name, updated_at)).await
    }

    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error> {
        let read = read.clone();
        self.write(avatar.image.bytes.len(), move |tx| {
            replace_avatar::replace_avatar(tx, &read, &avatar, updated_at)
        })
        .await
    }

    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error> {
        let read = read.clone();
        self.write(0, move |tx| remove_avatar::remove_avatar(tx, &read, updated_at)).await
    }

    async fn delete(&self, read: &User) -> Result<(), Error> {
        let read = read.clone();
        self.write(0, move |tx| delete::delete(tx, &read)).await
    }

    /// None once the store was found damaged: only a call shows whether it meets the damage.
    fn generation(&self) -> Option<u64> {
        if self.reader.damaged.load(Ordering::Relaxed) { None } else { self.generation.number() }
    }
}

#[async_trait]
impl AvatarStore for Store {
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error> {
        let key = *key;
        self.read(move |connection| reads::image(connection, &key)).await
    }

    async fn open(&self, key: &AvatarKey) -> Result<OpenImage, Error> {
        let key = *key;
        let (digest, length, first) =
            self.read(move |connection| reads::open_image(connection, &key)).await?;
        if let Some(first) = first {
            return Ok(OpenImage { digest, length, first, rest: None });
        }
        let mut rest = Box::new(Pieces { reader: self.reader.clone(), key });
        let first = rest.read(0, OpenImage::PIECE_BYTES).await?;
        Ok(OpenImage { digest, length, first, rest: Some(rest) })
    }

    /// The trace of the upload is in its event.
    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error> {
        Ok(Upload { image: AvatarStore::read(self, key).await?, trace_parent: None })
    }

    async fn link(&self, _: &AvatarKey) -> Result<Option<String>, Error> {
        Ok(None)
    }
}

/// The bytes of an image that a user has.
struct Pieces {
    reader: Reader,
    key: AvatarKey,
}

#[async_trait]
impl ImageBytes for Pieces {
    async fn read(&mut self, start: usize, most: usize) -> Result<Bytes, Error> {
        let key = self.key;
        self.reader.read(move |connection| reads::piece(connection, &key, start, most)).await
    }
}

#[async_trait]
impl RenditionStore for Store {
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error> {
        let key = *key;
        self.read(move |connection| reads::rendition(connection, &key)).await
    }

    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error> {
        let (of, renditions) = (*of, renditions.to_vec());
        let bytes = renditions.iter().map(|rendition| rendition.image.bytes.len()).sum();
        self.write(bytes, move |tx| renditions::keep_renditions(tx, &of, &renditions)).await
    }
}

#[async_trait]
impl StoreHealth for Store {
    fn name(&self) -> &'static str {
        "sqlite"
    }

    fn ownership(&self) -> Ownership {
        Ownership::Own
    }

    async fn check(&self) -> Result<Option<Environment>, Error> {
        if self.reader.damaged.load(Ordering::Relaxed) {
            return Err(Error::damaged("an earlier call found the store damaged"));
        }
        if self.writes.is_closed() {
            return Err(Error::unavailable("the writer thread has stopped"));
        }
        self.read(reads::check).await
    }
}

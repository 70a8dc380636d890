//! What a store must promise. Every adapter runs the same conformance suite (`storage::conformance`).

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    AvatarKey, Created, Cursor, DisplayName, Environment, Error, Finding, Grace, Image, Md5, NewAvatar,
    NewUser, Page, References, Removal, Rendition, RenditionKey, Shelf, Swept, Timestamp, TraceParent, User,
    UserId,
};

/// Users, each with the image that belongs to it, if it has one.
///
/// # Contract
/// - A write that returned `Ok` is durable.
/// - An image that [`get`](Self::get) or [`list`](Self::list) shows opens.
/// - A write that failed with anything but [`Error::Unavailable`] changed nothing, with one exception at
///   [`delete`](Self::delete). After `Unavailable` the outcome is unknown, and still either whole or none, but for an image
///   that no user names any more: where images are kept apart from users, it may be left, and opens at its key.
/// - A call whose future is dropped is either done or not; nothing is left half-way.
/// - Every method may fail with [`Error::Unavailable`], [`Error::Throttled`], [`Error::Damaged`] and
///   [`Error::WrongEnvironment`].
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user and its image, both or neither. Of racing calls for one e-mail exactly one creates, and its image
    /// stands.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] where the id exists, unless the existing user was created under the same idempotency key:
    /// then [`Created::Before`] for the same payload, else [`Error::IdempotencyKeyReused`].
    async fn create(&self, new: NewUser) -> Result<Created, Error>;

    /// The user as it is now.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    async fn get(&self, id: &UserId) -> Result<User, Error>;

    /// The user whose e-mail has this older hash, as it is now. A user that was just made may be found a moment later.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    async fn find(&self, md5: &Md5) -> Result<User, Error>;

    /// Up to `limit` users after `after`, in the store's order; the first ones for `None`.
    ///
    /// `limit` is 1 to 1,000. A walk over `next` meets every user that existed throughout exactly once. It reads in
    /// a short transaction of its own and holds nothing back between calls.
    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error>;

    /// Gives the user another name, if it is still as `read`; answers the user as it then is.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error>;

    /// Gives the user another image, if it is still as `read`, and removes the one before with its renditions; answers the
    /// user as it then is. After `Ok` the key of the image before is [`Error::NotFound`].
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error>;

    /// Takes the image from the user, if it is still as `read`, with its renditions; answers the user as it then is. A user
    /// that has none stays as it is.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error>;

    /// Erases the user with its image and everything that was kept with it, if it is still as `read`.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone: perhaps by this very call, where the answer
    /// to its first try was lost.
    async fn delete(&self, read: &User) -> Result<(), Error>;
}

/// The images behind the keys.
#[async_trait]
pub trait AvatarStore: Send + Sync {
    /// The image as it was kept, at most [`Image::MAX_BYTES`].
    ///
    /// # Errors
    /// [`Error::NotFound`] for a key that no user names; one that a failed write left may open.
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error>;

    /// The same, with what its upload was part of.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error>;
}

/// An image as it was kept, for the worker.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The image.
    pub image: Image,
    /// What the upload was part of, where the store keeps that with the image and not with the event.
    pub trace_parent: Option<TraceParent>,
}

/// What is made of the images.
#[async_trait]
pub trait RenditionStore: Send + Sync {
    /// The rendition as it was kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was not made yet, or its image is gone; that of an image which no user names any more may
    /// open for a moment.
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error>;

    /// Keeps these renditions of the image `of`, in place of those that stand there. May be called again at any time, by many
    /// at once.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no user has this image: then no rendition of it stays, whatever came between. After another
    /// error some of them may stand.
    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error>;
}

/// All that a store holds, for sweeping. Its memory does not grow with the store.
///
/// Every doubt is an error or keeps the object: what is not known for certain to be an orphan is not found, and not removed.
#[async_trait]
pub trait Inventory: Send + Sync {
    /// Passes where the store says that what it holds belongs to its users.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`] where it does not say so.
    async fn confirm(&self) -> Result<(), Error>;

    /// Writes into a store that does not say whose it is that it belongs to its users, unless most of what it holds does not.
    ///
    /// # Errors
    /// [`Error::WrongEnvironment`] where it belongs to others, or seems to.
    async fn claim(&self) -> Result<(), Error>;

    /// Looks at the next users, for uploads that they name though they are not theirs.
    async fn references(&self, after: Option<&str>) -> Result<References, Error>;

    /// Looks at the next things of a shelf: what is not as it should be, leaving out what is too young.
    async fn walk(&self, shelf: Shelf, after: Option<&str>, grace: Grace) -> Result<Swept, Error>;

    /// Removes orphans, each after another look at its user: what came of each. Leaves other findings alone.
    ///
    /// # Errors
    /// As for [`confirm`](Self::confirm), and then nothing was removed.
    async fn remove(&self, findings: &[Finding]) -> Result<Vec<Removal>, Error>;
}

/// Whether a broken store is this instance's own trouble or everyone's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Belongs to this instance alone: without it the instance is not ready.
    Own,
    /// Shared by all instances: without it they stay in service, degraded.
    Shared,
}

/// Whether a store can be used.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// The name of the dependency, as `/readyz` shows it.
    fn name(&self) -> &'static str;

    /// Whose trouble it is when the check fails.
    fn ownership(&self) -> Ownership;

    /// One point read: the environment whose data the store holds, where it names one.
    async fn check(&self) -> Result<Option<Environment>, Error>;
}

/// The stores of one Roster, made once by `storage::connect`.
#[derive(Clone)]
pub struct Stores {
    /// The users.
    pub users: Arc<dyn UserStore>,
    /// Their images.
    pub avatars: Arc<dyn AvatarStore>,
    /// What is made of the images.
    pub renditions: Arc<dyn RenditionStore>,
    /// Whether they can be used.
    pub health: Arc<dyn StoreHealth>,
}

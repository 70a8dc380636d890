//! What a store must promise. Every adapter runs the same conformance suite (`storage::conformance`).

use std::sync::Arc;

use async_trait::async_trait;

use crate::{
    AvatarKey, Created, Cursor, DisplayName, Environment, Error, Image, Md5, NewAvatar, NewUser, Page,
    Timestamp, User, UserId,
};

/// Users, each with the image that belongs to it.
///
/// # Contract
/// - A write that returned `Ok` is durable.
/// - A user that [`get`](Self::get) or [`list`](Self::list) shows has an image that opens.
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

    /// Gives the user another image, if it is still as `read`, and removes the one before; answers the user as it
    /// then is. After `Ok` the key of the image before is [`Error::NotFound`].
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error>;

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
    /// Whether they can be used.
    pub health: Arc<dyn StoreHealth>,
}

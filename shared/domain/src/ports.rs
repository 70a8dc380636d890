//! The contracts of stores. Every adapter runs the same conformance suite (`storage::conformance`).

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    AvatarKey, Claim, Created, Cursor, Digest, DirectUpload, DirectUploadId, DisplayName, Email, EmailHash,
    Environment, Error, Idempotency, Image, NewAvatar, NewUser, Page, Rendition, RenditionKey, SendTo,
    Timestamp, TraceParent, User, UserId,
};

/// Users, each with the image that belongs to it, if it has one.
///
/// # Contract
/// - A write that returned `Ok` is durable.
/// - An image that [`get`](Self::get) or [`list`](Self::list) returns can be read.
/// - A write that failed with anything but [`Error::Unavailable`] changed nothing, with one exception at
///   [`delete`](Self::delete). After `Unavailable` the outcome is unknown, but still all or nothing, except
///   for an orphaned image: where images are kept apart from users, it may be left, and can be read at its
///   key.
/// - A call whose future is dropped is either done or not; nothing is left half done.
/// - Every method may fail with [`Error::Unavailable`], [`Error::Throttled`], [`Error::Damaged`] and
///   [`Error::WrongEnvironment`].
#[async_trait]
pub trait UserStore: Send + Sync {
    /// Adds a user and its image, both or neither. Of racing calls for one e-mail exactly one creates, and
    /// its image is kept.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] where the id exists, or a user whose id an earlier release derived from this e-mail,
    /// unless the existing user was created under the same idempotency key: then [`Created::Before`] for the same
    /// payload, else [`Error::IdempotencyKeyReused`].
    async fn create(&self, new: NewUser) -> Result<Created, Error>;

    /// What [`create`](Self::create) would answer because a user with this e-mail exists already; `None` if there
    /// is none.
    ///
    /// # Errors
    /// As for `create`.
    async fn created(&self, email: &Email, request: Option<&Idempotency>) -> Result<Option<User>, Error>;

    /// The user as it is now.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    async fn get(&self, id: &UserId) -> Result<User, Error>;

    /// The user whose e-mail has this hash, in either of its forms ([`EmailHashes`](crate::EmailHashes)), as it is
    /// now. A new user may be found only after a moment by MD5, or by a hash of its other form.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    async fn find(&self, hash: &EmailHash) -> Result<User, Error>;

    /// Makes [`find`](Self::find) return this user by the hashes of the other form of its e-mail too, where the
    /// release that created it did not. Changes nothing else of the user, its version included.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it is gone.
    async fn index(&self, user: &User) -> Result<(), Error>;

    /// Up to `limit` users after `after`, in the store's order; the first ones for `None`.
    ///
    /// `limit` is 1 to 1,000. A walk over `next` returns every user that existed throughout exactly once.
    /// Each call reads in a short transaction of its own and holds no resources until the next.
    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<Page, Error>;

    /// Renames the user if it has not changed since `read`; returns the updated user.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn rename(&self, read: &User, name: DisplayName, updated_at: Timestamp) -> Result<User, Error>;

    /// Replaces the image of the user if it has not changed since `read`, and removes the previous one with
    /// its renditions; returns the updated user. After `Ok` the key of the previous image is
    /// [`Error::NotFound`].
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn replace_avatar(
        &self,
        read: &User,
        avatar: NewAvatar,
        updated_at: Timestamp,
    ) -> Result<User, Error>;

    /// Removes the image of the user with its renditions if the user has not changed since `read`; returns
    /// the updated user. A user without an image stays unchanged.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone.
    async fn remove_avatar(&self, read: &User, updated_at: Timestamp) -> Result<User, Error>;

    /// Erases the user with its image and everything kept with it, if it has not changed since `read`.
    ///
    /// # Errors
    /// [`Error::Stale`] if it changed since, [`Error::NotFound`] if it is gone: perhaps by this very call,
    /// where the response to its first attempt was lost.
    async fn delete(&self, read: &User) -> Result<(), Error>;

    /// A number that changes with every write that [`get`](Self::get), [`find`](Self::find) or
    /// [`list`](Self::list) may show, before the write is acknowledged. `None` where the store cannot know, or
    /// must be asked now. Answered from memory.
    ///
    /// What was read after a number was taken may be kept, and shown while this returns the same number.
    fn generation(&self) -> Option<u64> {
        None
    }
}

/// The images behind the keys.
#[async_trait]
pub trait AvatarStore: Send + Sync {
    /// The image as kept, at most [`Image::MAX_BYTES`].
    ///
    /// # Errors
    /// [`Error::NotFound`] for a key that no user references; an orphan of a failed write may still be
    /// readable.
    async fn read(&self, key: &AvatarKey) -> Result<Image, Error>;

    /// The image as kept, to be read piece by piece.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn open(&self, key: &AvatarKey) -> Result<OpenImage, Error>;

    /// The same, with the trace of its upload.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    async fn read_upload(&self, key: &AvatarKey) -> Result<Upload, Error>;

    /// A URL at which anybody can get the image for some minutes, where the store has one.
    async fn link(&self, key: &AvatarKey) -> Result<Option<String>, Error>;
}

/// An image as kept, of which only the first piece is in memory.
pub struct OpenImage {
    /// SHA-256 of all bytes.
    pub digest: Digest,
    /// How many bytes it has.
    pub length: usize,
    /// Its first bytes: all of them, or at least one.
    pub first: Bytes,
    /// The others, where there are more.
    pub rest: Option<Box<dyn ImageBytes>>,
}

impl OpenImage {
    /// Images of up to this many bytes are read whole: 256 KiB.
    pub const PIECE_BYTES: usize = 256 * 1024;
}

impl From<Image> for OpenImage {
    fn from(image: Image) -> Self {
        Self { digest: image.digest, length: image.bytes.len(), first: image.bytes, rest: None }
    }
}

/// The bytes of an image, read from where they are kept. Cheapest from the start to the end.
#[async_trait]
pub trait ImageBytes: Send {
    /// Some bytes from `start` on: at least one, and at most `most`.
    ///
    /// `start` is less than the length of the image, and `most` at least one.
    ///
    /// # Errors
    /// [`Error::NotFound`] if no user has the image any more, and others as for [`AvatarStore::read`].
    async fn read(&mut self, start: usize, most: usize) -> Result<Bytes, Error>;
}

/// An image as kept, for the worker.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The image.
    pub image: Image,
    /// The trace of the upload, where the store keeps it with the image rather than with the event.
    pub trace_parent: Option<TraceParent>,
}

/// The renditions of the images.
#[async_trait]
pub trait RenditionStore: Send + Sync {
    /// The rendition as kept.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it was not made yet, or its image is gone; a rendition of an orphaned image
    /// may still be readable for a moment.
    async fn read(&self, key: &RenditionKey) -> Result<Image, Error>;

    /// Keeps these renditions of the image `of`, replacing existing ones. Idempotent, and safe to call
    /// concurrently.
    ///
    /// # Errors
    /// [`Error::NotFound`] where no user has this image: then no rendition of it stays, even when calls race.
    /// After another error some of them may be kept.
    async fn keep(&self, of: &AvatarKey, renditions: &[Rendition]) -> Result<(), Error>;
}

/// Direct uploads, from their announcement until a request has used them. Their bytes wait apart from images: a
/// photograph as it came says where it was taken, so they are in no backup and in no version history.
///
/// # Contract
/// - A write that failed with [`Error::Unavailable`] may have been done. Each can be repeated.
/// - What is older than [`DirectUpload::USABLE`] may be gone, and is removed within two days.
/// - A crash of the store may lose an upload, but then it loses all of it: the bytes, the announcement and the claim. So
///   none is used twice.
#[async_trait]
pub trait UploadStore: Send + Sync {
    /// Remembers an upload, and returns where its bytes are sent.
    ///
    /// # Errors
    /// [`Error::Throttled`] if too many uploads are waiting.
    async fn announce(&self, upload: &DirectUpload) -> Result<SendTo, Error>;

    /// What was announced under this name, claimed or not.
    async fn find(&self, id: &DirectUploadId) -> Result<Option<DirectUpload>, Error>;

    /// Keeps the bytes of an upload that are sent to this API, replacing earlier ones.
    ///
    /// # Errors
    /// [`Error::Throttled`] if too many bytes are waiting. [`Error::NotFound`] if they are sent elsewhere.
    async fn keep(&self, id: &DirectUploadId, bytes: Bytes) -> Result<(), Error>;

    /// The bytes, exactly as many as were announced; `None` if they were not sent, or were removed.
    async fn read(&self, upload: &DirectUpload) -> Result<Option<Bytes>, Error>;

    /// Whether a request has claimed the upload.
    async fn is_claimed(&self, id: &DirectUploadId) -> Result<bool, Error>;

    /// Reserves the upload for one request for good; `request` is the same when the request is repeated. Of racing
    /// requests one gets it.
    async fn claim(&self, id: &DirectUploadId, request: &Digest) -> Result<Claim, Error>;

    /// Removes the bytes. The announcement and the claim stay, so that a second use can be refused as that.
    async fn remove(&self, id: &DirectUploadId) -> Result<(), Error>;
}

/// Whether a failing store affects only this instance, or all instances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Used only by this instance, which is not ready without it.
    Own,
    /// Shared by all instances: without it they stay in service, degraded.
    Shared,
}

/// Whether a store can be used.
#[async_trait]
pub trait StoreHealth: Send + Sync {
    /// The name of the dependency, as `/readyz` shows it.
    fn name(&self) -> &'static str;

    /// Which instances a failing check affects.
    fn ownership(&self) -> Ownership;

    /// One point read: the environment whose data the store holds, where it names one.
    async fn check(&self) -> Result<Option<Environment>, Error>;
}

/// The stores of a process, made once by `storage::connect`.
#[derive(Clone)]
pub struct Stores {
    /// The users.
    pub users: Arc<dyn UserStore>,
    /// Their images.
    pub avatars: Arc<dyn AvatarStore>,
    /// The renditions of the images.
    pub renditions: Arc<dyn RenditionStore>,
    /// Images that are sent before the request that uses them.
    pub uploads: Arc<dyn UploadStore>,
    /// Whether they can be used.
    pub health: Arc<dyn StoreHealth>,
}

/// Defines [`Operation`]: a variant and its name for each method.
macro_rules! operations {
    ($($(#[$doc:meta])* $Operation:ident = $name:literal,)*) => {
        /// The methods of these ports, by the names that metrics, spans and fault rules use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Operation { $($(#[$doc])* $Operation,)* }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Operation,)*];

            /// Port and method, such as `users.create`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Operation => $name,)* }
            }
        }
    };
}

operations! {
    /// [`UserStore::create`].
    UsersCreate = "users.create",
    /// [`UserStore::created`].
    UsersCreated = "users.created",
    /// [`UserStore::get`].
    UsersGet = "users.get",
    /// [`UserStore::find`].
    UsersFind = "users.find",
    /// [`UserStore::index`].
    UsersIndex = "users.index",
    /// [`UserStore::list`].
    UsersList = "users.list",
    /// [`UserStore::rename`].
    UsersRename = "users.rename",
    /// [`UserStore::replace_avatar`].
    UsersReplaceAvatar = "users.replace_avatar",
    /// [`UserStore::remove_avatar`].
    UsersRemoveAvatar = "users.remove_avatar",
    /// [`UserStore::delete`].
    UsersDelete = "users.delete",
    /// [`AvatarStore::read`].
    AvatarsRead = "avatars.read",
    /// [`AvatarStore::open`].
    AvatarsOpen = "avatars.open",
    /// [`AvatarStore::read_upload`].
    AvatarsReadUpload = "avatars.read_upload",
    /// [`AvatarStore::link`].
    AvatarsLink = "avatars.link",
    /// [`RenditionStore::read`].
    RenditionsRead = "renditions.read",
    /// [`RenditionStore::keep`].
    RenditionsKeep = "renditions.keep",
    /// [`UploadStore::announce`].
    UploadsAnnounce = "uploads.announce",
    /// [`UploadStore::find`].
    UploadsFind = "uploads.find",
    /// [`UploadStore::keep`].
    UploadsKeep = "uploads.keep",
    /// [`UploadStore::read`].
    UploadsRead = "uploads.read",
    /// [`UploadStore::is_claimed`].
    UploadsIsClaimed = "uploads.is_claimed",
    /// [`UploadStore::claim`].
    UploadsClaim = "uploads.claim",
    /// [`UploadStore::remove`].
    UploadsRemove = "uploads.remove",
    /// [`StoreHealth::check`].
    HealthCheck = "health.check",
}

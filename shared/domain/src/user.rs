//! A user, and what it takes to make one.

use crate::{
    AvatarKey, Digest, DisplayName, Email, Idempotency, Image, Timestamp, TraceParent, UploadId, UserId,
};

/// Counts the writes of one user, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    /// The version of a new user.
    pub const FIRST: Self = Self(1);
}

/// A user's image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Avatar {
    /// It is kept by this store.
    Kept {
        /// Where it is kept.
        key: AvatarKey,
        /// SHA-256 of the kept bytes.
        digest: Digest,
    },
    /// The user has none: the generated default stands for it.
    Generated,
    /// Another program wrote the user, and where its image is.
    Elsewhere {
        /// What that program wrote.
        url: String,
    },
}

impl Avatar {
    /// Where it is kept, if this store keeps it.
    pub const fn key(&self) -> Option<&AvatarKey> {
        match self {
            Self::Kept { key, .. } => Some(key),
            Self::Generated | Self::Elsewhere { .. } => None,
        }
    }
}

/// What it takes to give a user an image.
#[derive(Clone, Debug)]
pub struct NewAvatar {
    /// Made for this request.
    pub upload: UploadId,
    /// The checked image.
    pub image: Image,
    /// What the upload is part of; it travels to the worker.
    pub trace_parent: Option<TraceParent>,
}

impl NewAvatar {
    /// A new upload of `image`, part of `trace_parent`.
    pub fn new(image: Image, trace_parent: Option<TraceParent>) -> Self {
        Self { upload: UploadId::new(), image, trace_parent }
    }

    /// The user's image as a store shows it once it is kept.
    pub fn of(&self, user: UserId) -> (AvatarKey, Avatar) {
        let key = AvatarKey { user, upload: self.upload, format: self.image.format };
        (key, Avatar::Kept { key, digest: self.image.digest })
    }
}

/// A user with an avatar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Derived from `email`.
    pub id: UserId,
    /// What the user is called.
    pub name: DisplayName,
    /// As it was given.
    pub email: Email,
    /// The image.
    pub avatar: Avatar,
    /// Counts the writes; 0 where another program wrote the user.
    pub version: Version,
    /// When it was created, to the millisecond.
    pub created_at: Timestamp,
    /// When it was last written, to the millisecond.
    pub updated_at: Timestamp,
}

/// Everything that makes a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What the user is called.
    pub name: DisplayName,
    /// Names the user: see [`UserId::of`].
    pub email: Email,
    /// The image.
    pub avatar: NewAvatar,
    /// Now, to the millisecond.
    pub created_at: Timestamp,
    /// The client's key for repeating the request, if it sent one.
    pub idempotency: Option<Idempotency>,
}

impl NewUser {
    /// The user as a store shows it once it is created.
    pub fn user(&self) -> User {
        let id = UserId::of(&self.email);
        User {
            id,
            name: self.name.clone(),
            email: self.email.clone(),
            avatar: self.avatar.of(id).1,
            version: Version::FIRST,
            created_at: self.created_at,
            updated_at: self.created_at,
        }
    }
}

/// How [`create`](crate::UserStore::create) ended well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// By this call.
    Now(User),
    /// By an earlier call with the same idempotency key and payload: the user as it is now.
    Before(User),
}

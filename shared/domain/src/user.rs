//! Users, and what is needed to create one.

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
    /// In this store.
    Kept {
        /// Its key.
        key: AvatarKey,
        /// SHA-256 of the kept bytes.
        digest: Digest,
    },
    /// The user has none: a generated default is shown.
    Generated,
    /// Elsewhere: another program wrote the user.
    Elsewhere {
        /// The URL that it wrote.
        url: String,
    },
}

impl Avatar {
    /// Its key, if it is in this store.
    pub const fn key(&self) -> Option<&AvatarKey> {
        match self {
            Self::Kept { key, .. } => Some(key),
            Self::Generated | Self::Elsewhere { .. } => None,
        }
    }
}

/// A new image for a user.
#[derive(Clone, Debug)]
pub struct NewAvatar {
    /// Made for this request.
    pub upload: UploadId,
    /// The checked image.
    pub image: Image,
    /// The trace of the upload; it travels to the worker.
    pub trace_parent: Option<TraceParent>,
}

impl NewAvatar {
    /// A new upload of `image`, part of `trace_parent`.
    pub fn new(image: Image, trace_parent: Option<TraceParent>) -> Self {
        Self { upload: UploadId::new(), image, trace_parent }
    }

    /// The user's image as a store returns it once it is kept.
    pub fn for_user(&self, user: UserId) -> (AvatarKey, Avatar) {
        let key = AvatarKey { user, upload: self.upload, format: self.image.format };
        (key, Avatar::Kept { key, digest: self.image.digest })
    }
}

/// A user with an avatar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Derived from `email`, by the rules of the release that created it.
    pub id: UserId,
    /// Display name.
    pub name: DisplayName,
    /// As given.
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

/// Everything needed to create a user.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Display name.
    pub name: DisplayName,
    /// [`UserId::of`] the e-mail; tests also make users with an id of an earlier release.
    pub id: UserId,
    /// As given.
    pub email: Email,
    /// The image.
    pub avatar: NewAvatar,
    /// Now, to the millisecond.
    pub created_at: Timestamp,
    /// The client's idempotency key, if it sent one.
    pub idempotency: Option<Idempotency>,
}

impl NewUser {
    /// The user as a store returns it once it is created.
    pub fn user(&self) -> User {
        let id = self.id;
        User {
            id,
            name: self.name.clone(),
            email: self.email.clone(),
            avatar: self.avatar.for_user(id).1,
            version: Version::FIRST,
            created_at: self.created_at,
            updated_at: self.created_at,
        }
    }
}

/// How [`create`](crate::UserStore::create) succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// By this call.
    Now(User),
    /// By an earlier call with the same idempotency key and payload: the user as it is now.
    Before(User),
}

//! A user, and what it takes to make one.

use crate::{AvatarKey, Digest, DisplayName, Email, Idempotency, Image, Timestamp, UploadId, UserId};

/// Counts the writes of one user, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version(pub u64);

impl Version {
    /// The version of a new user.
    pub const FIRST: Self = Self(1);
}

/// A user's image: where it is kept and what it contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Avatar {
    /// Where it is kept.
    pub key: AvatarKey,
    /// SHA-256 of the kept bytes.
    pub digest: Digest,
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
    /// Counts the writes.
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
    /// The checked image.
    pub image: Image,
    /// Made for this request.
    pub upload: UploadId,
    /// Now, to the millisecond.
    pub created_at: Timestamp,
    /// The client's key for repeating the request, if it sent one.
    pub idempotency: Option<Idempotency>,
}

impl NewUser {
    /// The user as a store shows it once it is created.
    pub fn user(&self) -> User {
        let id = UserId::of(&self.email);
        let key = AvatarKey { user: id, upload: self.upload, format: self.image.format };
        User {
            id,
            name: self.name.clone(),
            email: self.email.clone(),
            avatar: Avatar { key, digest: self.image.digest },
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

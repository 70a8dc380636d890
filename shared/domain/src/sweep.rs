//! What a store should not hold, or should and does not.

use crate::{AvatarKey, UserId};

/// What a sweep walks through, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// Images as they were uploaded.
    Avatars,
    /// Renditions.
    Renditions,
    /// Users.
    Users,
}

impl Shelf {
    /// In the order of a sweep.
    pub const ALL: [Self; 3] = [Self::Avatars, Self::Renditions, Self::Users];
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An image that no user names, by its key or by its place in the store.
    UnreferencedAvatar(String),
    /// A rendition whose image no user names, by its key or by its place in the store.
    UnreferencedRendition(String),
    /// A user whose image is missing. Nothing mends that but another upload.
    MissingImage(UserId),
    /// An image of a user without all of its renditions.
    MissingRenditions(AvatarKey),
}

/// A part of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many things were looked at.
    pub looked_at: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Where to go on, while there may be more: opaque, the store's own.
    pub next: Option<String>,
}

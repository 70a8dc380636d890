//! What a store should not hold, or should and does not.

use std::{fmt, str::FromStr, time::Duration};

use crate::{AvatarKey, UploadId, UserId};

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

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avatars => "avatars",
            Self::Renditions => "renditions",
            Self::Users => "users",
        }
    }
}

/// Where a sweep is: `avatars`, or `avatars:KEY` once the things up to that key are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What is walked through.
    pub shelf: Shelf,
    /// The last thing that was looked at: opaque, the store's own.
    pub after: Option<String>,
}

/// The text is not a place that a sweep named.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a place that a sweep named")]
pub struct NotAPlace;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shelf.as_str())?;
        self.after.as_ref().map_or(Ok(()), |after| write!(f, ":{after}"))
    }
}

impl FromStr for Place {
    type Err = NotAPlace;

    fn from_str(text: &str) -> Result<Self, NotAPlace> {
        let (name, after) = match text.split_once(':') {
            Some((_, "")) => return Err(NotAPlace),
            Some((name, after)) => (name, Some(after.to_owned())),
            None => (text, None),
        };
        let shelf = Shelf::ALL.into_iter().find(|shelf| shelf.as_str() == name).ok_or(NotAPlace)?;
        Ok(Self { shelf, after })
    }
}

/// What is too young to be judged, by the store's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Younger objects are not removed, and their renditions not missed: a write or an event under way may need them.
    pub orphan: Duration,
    /// Younger images are not missed. An image is there before its user names it, so this can be short.
    pub missing: Duration,
}

/// What came of removing something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It is still there, since a user names it or may name it.
    Kept,
    /// It is still there, or may be: why.
    Failed(String),
}

/// Uploads that are named elsewhere than by the user whose image they are: by items that another program wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// How many users were looked at.
    pub users: u64,
    /// The uploads.
    pub uploads: Vec<UploadId>,
    /// Where to go on, while there may be more: opaque, the store's own.
    pub next: Option<String>,
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

impl Finding {
    /// What a sweep would remove: the name of the object, or its place in the store.
    pub fn orphan(&self) -> Option<&str> {
        match self {
            Self::UnreferencedAvatar(name) | Self::UnreferencedRendition(name) => Some(name),
            Self::MissingImage(_) | Self::MissingRenditions(_) => None,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_text_and_nothing_else_is_one() {
        for text in ["avatars", "renditions:renditions/a:b/c.webp", "users:0707"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
        for text in ["", "avatars:", "objects:a", ":a", "Avatars"] {
            assert_eq!(text.parse::<Place>(), Err(NotAPlace), "{text}");
        }
    }
}

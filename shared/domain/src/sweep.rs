//! Sweeping a store: objects that should not be there, and objects that are missing.

use std::{fmt, str::FromStr, time::Duration};

use crate::{AvatarKey, UploadId, UserId};

/// The stages of a sweep, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SweepStage {
    /// Uploaded images.
    Avatars,
    /// Renditions.
    Renditions,
    /// Users.
    Users,
}

impl SweepStage {
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

/// The position of a sweep: `avatars`, or `avatars:KEY` once the objects up to that key are done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepPosition {
    /// The current stage.
    pub stage: SweepStage,
    /// The last object checked: opaque, defined by the store.
    pub after: Option<String>,
}

/// The text is not a sweep position.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a sweep position")]
pub struct NotASweepPosition;

impl fmt::Display for SweepPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.stage.as_str())?;
        self.after.as_ref().map_or(Ok(()), |after| write!(f, ":{after}"))
    }
}

impl FromStr for SweepPosition {
    type Err = NotASweepPosition;

    fn from_str(text: &str) -> Result<Self, NotASweepPosition> {
        let (name, after) = match text.split_once(':') {
            Some((_, "")) => return Err(NotASweepPosition),
            Some((name, after)) => (name, Some(after.to_owned())),
            None => (text, None),
        };
        let stage =
            SweepStage::ALL.into_iter().find(|stage| stage.as_str() == name).ok_or(NotASweepPosition)?;
        Ok(Self { stage, after })
    }
}

/// Ages below which an object is not judged, by the store's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// Younger objects are not removed, and their missing renditions not reported: a write or an event in
    /// progress may need them.
    pub orphan: Duration,
    /// Younger images are not reported as missing. An image is stored before its user references it, so this
    /// can be short.
    pub missing: Duration,
}

/// The outcome of removing an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is gone.
    Removed,
    /// It is kept, since a user references it or may do so.
    Kept,
    /// It is still there, or may be: the reason.
    Failed(String),
}

/// Uploads that are referenced by others than the user whose image they are: by items that another program
/// wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Number of users read.
    pub users: u64,
    /// The uploads.
    pub uploads: Vec<UploadId>,
    /// Where to continue, while there may be more: opaque, defined by the store.
    pub next: Option<String>,
}

/// An inconsistency in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// An orphaned image, by its key or by its id in the store.
    UnreferencedAvatar(String),
    /// An orphaned rendition, by its key or by its id in the store.
    UnreferencedRendition(String),
    /// A user whose image is missing. Only another upload repairs that.
    MissingImage(UserId),
    /// An image of a user that lacks some of its renditions.
    MissingRenditions(AvatarKey),
}

impl Finding {
    /// What a sweep would remove: the name of the object, or its id in the store.
    pub fn orphan(&self) -> Option<&str> {
        match self {
            Self::UnreferencedAvatar(name) | Self::UnreferencedRendition(name) => Some(name),
            Self::MissingImage(_) | Self::MissingRenditions(_) => None,
        }
    }
}

/// One batch of a walk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SweepPage {
    /// Number of objects checked.
    pub checked: u64,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Where to continue, while there may be more: opaque, defined by the store.
    pub next: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_round_trips_and_other_texts_are_refused() {
        for text in ["avatars", "renditions:renditions/a:b/c.webp", "users:0707"] {
            assert_eq!(text.parse::<SweepPosition>().unwrap().to_string(), text);
        }
        for text in ["", "avatars:", "objects:a", ":a", "Avatars"] {
            assert_eq!(text.parse::<SweepPosition>(), Err(NotASweepPosition), "{text}");
        }
    }
}

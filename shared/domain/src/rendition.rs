//! A user's image at a standard size, and its key.

use std::{fmt, str::FromStr};

use crate::{AvatarKey, Image, ImageFormat, Size, UploadId, UserId};

/// An image as a square of one of the standard sizes, in one of its formats.
#[derive(Clone, Debug)]
pub struct Rendition {
    /// One of [`Size::STANDARD`].
    pub size: Size,
    /// The encoded square.
    pub image: Image,
}

/// The name of a rendition: `renditions/{user}/{upload}/{size}.{extension}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RenditionKey {
    /// The user whose image it shows.
    pub user: UserId,
    /// The upload that the image came with.
    pub upload: UploadId,
    /// One of [`Size::STANDARD`].
    pub size: Size,
    /// How it is encoded.
    pub format: ImageFormat,
}

/// The text is not `renditions/{user}/{upload}/{size}.{extension}`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a rendition key")]
pub struct NotARenditionKey;

impl AvatarKey {
    /// Where a rendition of this image is kept; `size` is one of [`Size::STANDARD`].
    pub const fn rendition(&self, size: Size, format: ImageFormat) -> RenditionKey {
        RenditionKey { user: self.user, upload: self.upload, size, format }
    }

    /// Every rendition that this image may have: each standard size in each format.
    pub fn renditions(&self) -> impl Iterator<Item = RenditionKey> {
        let sizes = Size::STANDARD.into_iter();
        sizes.flat_map(|size| ImageFormat::ALL.map(|format| self.rendition(size, format)))
    }

    /// The common prefix of the keys of all renditions of this image.
    pub fn renditions_prefix(&self) -> String {
        format!("renditions/{}/{}/", self.user, self.upload)
    }
}

impl fmt::Display for RenditionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, upload, size, format } = self;
        write!(f, "renditions/{user}/{upload}/{}.{}", size.pixels(), format.extension())
    }
}

impl FromStr for RenditionKey {
    type Err = NotARenditionKey;

    fn from_str(text: &str) -> Result<Self, NotARenditionKey> {
        let rest = text.strip_prefix("renditions/").ok_or(NotARenditionKey)?;
        let (user, rest) = rest.split_once('/').ok_or(NotARenditionKey)?;
        let (upload, file) = rest.split_once('/').ok_or(NotARenditionKey)?;
        let (size, extension) = file.split_once('.').ok_or(NotARenditionKey)?;
        let is_size = |standard: &Size| standard.pixels().to_string() == size;
        Ok(Self {
            user: user.parse().map_err(|_| NotARenditionKey)?,
            upload: upload.parse().map_err(|_| NotARenditionKey)?,
            size: Size::STANDARD.into_iter().find(is_size).ok_or(NotARenditionKey)?,
            format: ImageFormat::from_extension(extension).ok_or(NotARenditionKey)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn avatar() -> AvatarKey {
        AvatarKey { user: UserId::from_bytes([7; 32]), upload: UploadId::new(), format: ImageFormat::Jpeg }
    }

    #[test]
    fn every_key_round_trips() {
        let avatar = avatar();
        let keys: Vec<_> = avatar.renditions().collect();
        assert_eq!(keys.len(), 12);
        for key in keys {
            assert!(key.to_string().starts_with(&avatar.renditions_prefix()));
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[test]
    fn other_paths_are_not_keys() {
        let AvatarKey { user, upload, .. } = avatar();
        for text in [
            format!("renditions/{user}/{upload}/80.webp"),
            format!("renditions/{user}/{upload}/064.webp"),
            format!("renditions/{user}/{upload}/64.gif"),
            format!("renditions/{user}/{upload}/../64.webp"),
            format!("renditions/{user}/64.webp"),
            format!("avatars/{user}/{upload}/64.webp"),
        ] {
            assert_eq!(text.parse::<RenditionKey>(), Err(NotARenditionKey), "{text}");
        }
    }
}

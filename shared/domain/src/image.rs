//! A checked image that can be stored.

use bytes::Bytes;

use crate::Digest;

/// The formats in which an image is kept. GIF is accepted and kept as PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImageFormat {
    /// JPEG (ITU T.81), baseline or progressive.
    Jpeg,
    /// PNG (ISO/IEC 15948), one frame.
    Png,
    /// WebP (RFC 9649), one frame.
    Webp,
}

impl ImageFormat {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Jpeg, Self::Png, Self::Webp];

    /// The file name extension, without a dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The format with this extension.
    pub fn from_extension(extension: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.extension() == extension)
    }
}

/// An image that `imaging` checked: it decodes, is upright, has no metadata but its colour profile, and has
/// at most [`Image::MAX_BYTES`].
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    /// How `bytes` are encoded.
    pub format: ImageFormat,
    /// The encoded image.
    pub bytes: Bytes,
    /// SHA-256 of `bytes`: the strong ETag, and the checksum in the store.
    pub digest: Digest,
}

impl Image {
    /// Maximum size that any setting accepts and keeps: 32 MiB.
    pub const MAX_BYTES: usize = 32 * 1024 * 1024;

    /// Maximum size accepted and kept by default: 16 MiB.
    pub const DEFAULT_MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Computes the digest of `bytes`. Only `imaging` turns untrusted bytes into images.
    pub fn new(format: ImageFormat, bytes: Bytes) -> Self {
        let digest = Digest::of(&bytes);
        Self { format, bytes, digest }
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Image({:?}, {} bytes, {})", self.format, self.bytes.len(), self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_found_by_its_extension() {
        for format in ImageFormat::ALL {
            assert_eq!(ImageFormat::from_extension(format.extension()), Some(format));
        }
        assert_eq!(ImageFormat::from_extension("gif"), None);
    }
}

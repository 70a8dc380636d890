//! From bytes to a clean image, in two steps: estimate the cost, then do the work.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use domain::{Image, ImageError};

use crate::{gif, jpeg, kind, limits, png, webp};

/// An image of an accepted kind, of which only the header was read.
pub struct Inspected {
    pub(crate) bytes: Bytes,
    pub(crate) header: Header,
    pub(crate) max_bytes: usize,
}

pub(crate) enum Header {
    Jpeg(jpeg::Header),
    Png(png::Header),
    Webp(webp::Header),
    Gif(gif::Header),
}

/// Reads the header: kind, size and orientation. Cheap: no pixel is decoded, and nothing of the input is
/// copied.
///
/// `bytes` may have any length; the caller has checked it.
///
/// # Errors
/// - [`ImageError::Empty`], [`ImageError::Unknown`], and [`ImageError::Refused`] for HEIC, AVIF, SVG, BMP,
///   TIFF, PDF, HTML and other recognised kinds.
/// - [`ImageError::TooManyPixels`] past [`MAX_SIDE`](crate::MAX_SIDE) or [`MAX_PIXELS`](crate::MAX_PIXELS).
/// - [`ImageError::Undecodable`] where the header is damaged or of an unsupported variant.
pub fn inspect(bytes: Bytes) -> Result<Inspected, ImageError> {
    let header = match kind::recognise(&bytes)? {
        kind::Kind::Jpeg => Header::Jpeg(jpeg::Header::read(&bytes)?),
        kind::Kind::Png => Header::Png(png::Header::read(&bytes)?),
        kind::Kind::Webp => Header::Webp(webp::Header::read(&bytes)?),
        kind::Kind::Gif => Header::Gif(gif::Header::read(&bytes)?),
    };
    let inspected = Inspected { bytes, header, max_bytes: Image::MAX_BYTES };
    limits::check_size(inspected.width(), inspected.height())?;
    Ok(inspected)
}

impl Inspected {
    /// Limits the result of [`clean`](Self::clean) to `max_bytes`, at most [`Image::MAX_BYTES`].
    #[must_use]
    pub fn keeping_at_most(self, max_bytes: usize) -> Self {
        Self { max_bytes: max_bytes.min(Image::MAX_BYTES), ..self }
    }

    /// An upper bound of the memory that [`clean`](Self::clean) holds at any one time, in bytes, on top of
    /// the input: decoder, pixels, encoder and output.
    pub fn working_bytes(&self) -> u64 {
        let input = self.bytes.len() as u64;
        match &self.header {
            Header::Jpeg(header) => header.working_bytes(input, self.max_bytes),
            Header::Png(header) => header.working_bytes(input, self.max_bytes),
            Header::Webp(header) => header.working_bytes(input, self.max_bytes),
            Header::Gif(header) => header.working_bytes(self.max_bytes),
        }
    }

    /// Width in pixels as in the header, before turning.
    pub fn width(&self) -> u32 {
        match &self.header {
            Header::Jpeg(header) => header.width,
            Header::Png(header) => header.width,
            Header::Webp(header) => header.width,
            Header::Gif(header) => header.width,
        }
    }

    /// Height in pixels as in the header, before turning.
    pub fn height(&self) -> u32 {
        match &self.header {
            Header::Jpeg(header) => header.height,
            Header::Png(header) => header.height,
            Header::Webp(header) => header.height,
            Header::Gif(header) => header.height,
        }
    }

    /// The kind that was uploaded: `"jpeg"`, `"png"`, `"webp"` or `"gif"`.
    pub fn source(&self) -> &'static str {
        match &self.header {
            Header::Jpeg(_) => "jpeg",
            Header::Png(_) => "png",
            Header::Webp(_) => "webp",
            Header::Gif(_) => "gif",
        }
    }

    /// Decodes everything as proof, turns the picture upright, and removes all metadata but the colour
    /// profile, and everything after the image. The result has at most [`Image::MAX_BYTES`], or what
    /// [`keeping_at_most`](Self::keeping_at_most) says.
    ///
    /// Pixels that need no turning are kept bit for bit, and cleaning the result again gives the same bytes.
    /// Blocks the thread: a few milliseconds for a photograph of 100 kB, up to seconds at the limits.
    ///
    /// # Errors
    /// - [`ImageError::Undecodable`] for damaged, truncated or rare data. A panic of a decoder counts as
    ///   that.
    /// - [`ImageError::TooLargeToKeep`] where the new encoding is too large, even scaled down.
    pub fn clean(self) -> Result<Image, ImageError> {
        let Self { bytes, header, max_bytes } = self;
        // The decoders are third-party code that reads hostile input: a bug there costs an image, not the
        // service.
        let outcome = catch_unwind(AssertUnwindSafe(|| match header {
            Header::Jpeg(header) => header.clean(&bytes, max_bytes),
            Header::Png(header) => header.clean(&bytes, max_bytes),
            Header::Webp(header) => header.clean(&bytes, max_bytes),
            Header::Gif(header) => header.clean(&bytes, max_bytes),
        }));
        let image = outcome.unwrap_or(Err(ImageError::Undecodable("the decoder failed")))?;
        if image.bytes.len() > max_bytes {
            return Err(ImageError::TooLargeToKeep { max_bytes });
        }
        Ok(image)
    }
}

impl std::fmt::Debug for Inspected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Inspected({}, {} x {}, {} bytes)",
            self.source(),
            self.width(),
            self.height(),
            self.bytes.len()
        )
    }
}

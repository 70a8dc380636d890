//! Renditions: an image as squares of the standard sizes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use domain::{ImageError, Rendition, Size};

use crate::{
    inspect::{Header, Inspected},
    square::Square,
};

impl Inspected {
    /// An upper bound of the memory that [`square`](Self::square) of this size with an encoding of its result
    /// holds at any one time, in bytes, on top of the input; for the largest of [`Size::EAGER`] that of
    /// [`render`](Self::render). Includes allocations of libjpeg and libwebp.
    ///
    /// It can be more than [`working_bytes`](Self::working_bytes), which for an upright JPEG counts no
    /// pixels: four bytes a pixel, and up to nine where the JPEG comes in several scans.
    pub fn rendering_bytes(&self, size: Size) -> u64 {
        let input = self.bytes.len() as u64;
        match &self.header {
            Header::Jpeg(header) => header.rendering_bytes(input, size),
            Header::Png(header) => header.rendering_bytes(input),
            Header::Webp(header) => header.rendering_bytes(input),
            Header::Gif(header) => header.rendering_bytes(),
        }
    }

    /// The picture as a square in sRGB: upright, the largest square in its middle, scaled down or up to
    /// `size`; of an animation the first frame.
    ///
    /// From an upload this makes a rendition, and from a stored rendition a square of a size that is not
    /// stored (see [`Size::next_standard`]). Of a large JPEG only as much is decoded as `size` needs. Colours
    /// are converted from an embedded ICC profile, or by a PNG's `cICP`, `gAMA` and `cHRM`; descriptions of HDR
    /// count as sRGB, and four inks are converted without their profile. Blocks the thread.
    ///
    /// # Errors
    /// [`ImageError::Undecodable`] for damaged, truncated or rare data. A panic of a decoder counts as that.
    pub fn square(self, size: Size) -> Result<Square, ImageError> {
        let Self { bytes, header, .. } = self;
        // As in `clean`: third-party code on hostile input.
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let source = match header {
                Header::Jpeg(header) => header.source(&bytes, size),
                Header::Png(header) => header.source(&bytes),
                Header::Webp(header) => header.source(&bytes),
                Header::Gif(header) => header.source(&bytes),
            }?;
            Ok(source.into_square(size))
        }));
        outcome.unwrap_or(Err(ImageError::Undecodable("the decoder failed")))
    }

    /// The renditions of a new image, the largest first: each of [`Size::EAGER`] in each of
    /// [`Square::formats`].
    ///
    /// Decodes once, and makes each size from the one before. Whether the picture is transparent is decided
    /// at the largest, so all sizes have the same formats.
    ///
    /// # Errors
    /// As [`square`](Self::square).
    pub fn render(self) -> Result<Vec<Rendition>, ImageError> {
        let mut square = self.square(Size::EAGER[0])?;
        let formats = square.formats();
        let mut renditions = Vec::with_capacity(Size::EAGER.len() * formats.len());
        for size in Size::EAGER {
            square = square.scaled(size);
            renditions.extend(formats.map(|format| Rendition { size, image: square.encode(format) }));
        }
        Ok(renditions)
    }
}

//! Decodes a JPEG for a rendition, with its colour profile.

use domain::{ImageError, Size};
use mozjpeg::ColorSpace;

use super::{decode, header::Header, prologue::Prologue, strip};
use crate::{
    limits,
    pixels::Layout,
    square::{Colouring, Source},
};

impl Header {
    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self, input: u64) -> u64 {
        let [width, height] = [self.width, self.height].map(|side| decode::scaled(side, self.scale()));
        let pixels = limits::pixels(width, height);
        let (pixels, square) = match self.target().1 {
            Layout::Rgbx => (pixels * 4, Source::working_bytes(width, height)),
            _ => (pixels * 3, Source::working_bytes_of_rgb(width, height)),
        };
        // The profile is held in pieces, and put together.
        pixels + (input * 2 + self.decoding()).max(square) + self.profile_bytes * 2
    }

    /// See [`crate::Inspected::square`].
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let decode = |bytes: &[u8]| decode::decode_as(bytes, self, self.scale(), self.target());
        // What was kept by an older version may have what libjpeg warns of, and what is not kept any more.
        let pixels = decode(bytes).or_else(|_| decode(&strip::strip(bytes, self)?.0))?;
        // Four inks become RGB without their profile.
        let profile = if self.frame.has_inks() {
            None
        } else {
            Prologue::read(bytes)?.profile(strip::colours_of_profile(&self.frame))
        };
        let colouring = profile.map_or(Colouring::Srgb, Colouring::Icc);
        Ok(Source { pixels, orientation: self.orientation, colouring })
    }

    /// Eighths of the sides that are decoded: what the largest rendition is scaled down from has twice its pixels a side. The
    /// transform of fewer frequencies averages, and next to nothing of what it leaves out would be seen.
    fn scale(&self) -> u8 {
        let side = self.width.min(self.height);
        let is_enough = |scale: &u8| decode::scaled(side, *scale) >= 2 * Size::MAX.pixels();
        (1..decode::FULL_SCALE).find(is_enough).unwrap_or(decode::FULL_SCALE)
    }

    /// RGBA is what is scaled, but a byte more a pixel, and where all coefficients are held there is none to spare.
    fn target(&self) -> (ColorSpace, Layout) {
        if self.frame.has_inks() || self.coefficients() > 0 {
            return (ColorSpace::JCS_RGB, Layout::Rgb);
        }
        (ColorSpace::JCS_EXT_RGBA, Layout::Rgbx)
    }
}

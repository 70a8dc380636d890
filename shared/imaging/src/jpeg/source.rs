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
    pub(crate) fn rendering_bytes(&self, input: u64, size: Size) -> u64 {
        let scale = self.scale(size);
        let [width, height] = [self.width, self.height].map(|side| decode::scaled(side, scale));
        let pixels = limits::pixels(width, height);
        let (pixels, square) = match self.target().1 {
            Layout::Rgbx => (pixels * 4, Source::working_bytes(width, height)),
            _ => (pixels * 3, Source::working_bytes_of_rgb(width, height)),
        };
        // The profile is held twice: in chunks, and joined.
        pixels + (input * 2 + self.decoding()).max(square) + self.profile_bytes * 2
    }

    /// See [`crate::Inspected::square`].
    pub(crate) fn source(&self, bytes: &[u8], size: Size) -> Result<Source, ImageError> {
        let decode = |bytes: &[u8]| decode::decode_as(bytes, self, self.scale(size), self.target());
        // An image kept by an older version may have data that libjpeg warns about and that is no longer
        // kept.
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

    /// Scale to decode at for a square of `size`, in eighths: at least twice its side. Decoding fewer
    /// frequencies averages pixels, and the difference is hardly visible.
    fn scale(&self, size: Size) -> u8 {
        let shorter = self.width.min(self.height);
        let is_enough = |scale: &u8| decode::scaled(shorter, *scale) >= 2 * size.pixels();
        (1..decode::FULL_SCALE).find(is_enough).unwrap_or(decode::FULL_SCALE)
    }

    /// RGBA is the format to scale, but takes a byte more per pixel, and where all coefficients are held
    /// there is no memory to spare.
    fn target(&self) -> (ColorSpace, Layout) {
        if self.frame.has_inks() || self.coefficients() > 0 {
            return (ColorSpace::JCS_RGB, Layout::Rgb);
        }
        (ColorSpace::JCS_EXT_RGBA, Layout::Rgbx)
    }
}

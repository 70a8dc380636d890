//! Decodes a JPEG for a rendition, with its colour profile.

use domain::ImageError;
use zune_core::colorspace::ColorSpace;

use super::{colour::Colour, decode, header::Header};
use crate::{
    icc::{self, Colours},
    limits,
    pixels::{Layout, Pixels},
    square::Source,
};

impl Header {
    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self, input: u64) -> u64 {
        let pixels = limits::pixels(self.width, self.height);
        let (pixels, square) = match self.target().1 {
            Layout::Rgbx => (pixels * 4, Source::working_bytes(self.width, self.height)),
            _ => (pixels * 3, Source::working_bytes_of_rgb(self.width, self.height)),
        };
        // The profile is held in pieces, and put together.
        pixels + (input + self.decoding()).max(square) + self.profile_bytes * 2
    }

    /// See [`crate::Inspected::square`].
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let (space, layout) = self.target();
        let (data, profile) = decode::decode_with_profile(bytes, self, space)?;
        let pixels = Pixels { width: self.width, height: self.height, layout, sample_bytes: 1, data };
        // Four inks become RGB without their profile.
        let colours = match self.frame.colour() {
            Colour::Grey => Some(Colours::Grey),
            Colour::YCbCr | Colour::Rgb => Some(Colours::Rgb),
            Colour::Cmyk => None,
        };
        let profile = profile.filter(|profile| colours.is_some_and(|colours| icc::fits(profile, colours)));
        Ok(Source { pixels, orientation: self.orientation, profile })
    }

    /// RGBA is what is scaled, but a byte more a pixel, and where all coefficients are held there is none to spare.
    fn target(&self) -> (ColorSpace, Layout) {
        match self.frame.colour() {
            Colour::Grey | Colour::YCbCr if self.coefficients() == 0 => (ColorSpace::RGBA, Layout::Rgbx),
            _ => (ColorSpace::RGB, Layout::Rgb),
        }
    }
}

//! WebP (RFC 9649): lossy, lossless, with alpha; of an animation the first frame.
//!
//! Clean bytes are a RIFF container with the picture, its alpha and its colour profile.

mod bits;
mod chunks;
mod decode;
mod frame;
mod groups;
mod header;
mod memory;
mod strip;

pub(crate) use header::Header;

use crate::orientation::Orientation;
use bytes::Bytes;
use domain::{Image, ImageError, ImageFormat};

use crate::{
    icc, jpeg,
    pixels::{Layout, Pixels},
    png,
    square::{Colouring, Source},
};

impl Header {
    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8], max_bytes: usize) -> Result<Image, ImageError> {
        let parts = chunks::Parts::read(bytes)?;
        let stripped = strip::strip(&parts, self)?;
        if self.fills_canvas() && self.orientation == Orientation::NoTransforms {
            decode::verify(&stripped, &self.frame)?;
            return Ok(Image::new(ImageFormat::Webp, Bytes::from(stripped)));
        }
        let mut pixels = self.decode(stripped)?;
        encode(&mut pixels, self.orientation, strip::profile(&parts), max_bytes)
    }

    /// See [`crate::Inspected::square`].
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let parts = chunks::Parts::read(bytes)?;
        let pixels = self.decode(strip::strip(&parts, self)?)?;
        let colouring =
            strip::profile(&parts).map_or(Colouring::Srgb, |profile| Colouring::Icc(profile.to_vec()));
        Ok(Source { pixels, orientation: self.orientation, colouring })
    }

    /// See [`crate::Inspected::was_rendered_wrong`].
    pub(crate) fn was_rendered_wrong(bytes: &[u8]) -> Result<bool, ImageError> {
        let parts = chunks::Parts::read(bytes)?;
        Ok(strip::profile(&parts).is_some_and(icc::has_tables))
    }

    /// The picture on its canvas.
    fn decode(&self, stripped: Vec<u8>) -> Result<Pixels, ImageError> {
        let pixels = decode::decode(&stripped, &self.frame)?;
        drop(stripped);
        if self.fills_canvas() {
            return Ok(pixels);
        }
        Ok(pixels.on_canvas(self.width, self.height, self.left, self.top))
    }
}

/// JPEG where nothing is transparent, else PNG.
fn encode(
    pixels: &mut Pixels,
    orientation: Orientation,
    profile: Option<&[u8]>,
    max_bytes: usize,
) -> Result<Image, ImageError> {
    pixels.drop_opaque_alpha();
    if pixels.layout == Layout::Rgb {
        let encoded = jpeg::encode(pixels, orientation, profile, false, max_bytes)?;
        return Ok(Image::new(ImageFormat::Jpeg, Bytes::from(encoded)));
    }
    let profile: Vec<_> = profile.map(png::profile_chunk).into_iter().collect();
    let encoded = png::encode(pixels, orientation, &profile, max_bytes)?;
    Ok(Image::new(ImageFormat::Png, Bytes::from(encoded)))
}

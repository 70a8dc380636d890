//! JPEG (ITU T.81): baseline and progressive, Huffman coded, 8 bits a sample.
//!
//! Clean bytes are JFIF, Adobe and colour profile segments, then frame, tables, scans and nothing else. Sequential
//! scans are counted block by block; of progressive ones the decoder fills up what is missing at the end of a scan, and
//! what follows a scan's last block is kept.

mod colour;
mod decode;
mod encode;
mod header;
mod huffman;
mod memory;
mod prologue;
mod segments;
mod sequential;
mod strip;

pub(crate) use encode::encode;
pub(crate) use header::Header;

use bytes::Bytes;
use domain::{Image, ImageError, ImageFormat};
use image::metadata::Orientation;

impl Header {
    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8]) -> Result<Image, ImageError> {
        let (stripped, profile) = strip::strip(bytes, self)?;
        if self.orientation == Orientation::NoTransforms {
            decode::prove(&stripped, self)?;
            return Ok(Image::new(ImageFormat::Jpeg, Bytes::from(stripped)));
        }
        let mut pixels = decode::decode(&stripped, self)?;
        drop(stripped);
        let profile = profile.filter(|_| self.frame.colour() != colour::Colour::Cmyk);
        let encoded = encode(&mut pixels, self.orientation, profile.as_deref(), self.frame.is_subsampled())?;
        Ok(Image::new(ImageFormat::Jpeg, Bytes::from(encoded)))
    }
}

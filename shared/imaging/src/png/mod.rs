//! PNG (ISO/IEC 15948, third edition): every colour type and depth, interlaced or not; of an animation the
//! default image.
//!
//! Clean bytes are header, colour chunks, palette, transparency, one chunk of image data, and the end.

mod chunks;
mod colouring;
mod decode;
mod encode;
mod header;
mod image_data;
mod keep;
mod passes;
mod source;
mod strip;

pub(crate) use encode::{encode, profile_chunk};
pub(crate) use header::Header;

use crate::orientation::Orientation;
use bytes::Bytes;
use domain::{Image, ImageError, ImageFormat};

use crate::{capped::Capped, limits};

/// Inflating, deflating and checking, each with its windows and tables.
const SLACK: u64 = 1024 * 1024;

impl Header {
    /// See [`crate::Inspected::working_bytes`]. A proof goes row by row; a picture to be turned is held once.
    pub(crate) fn working_bytes(&self, input: u64, max_bytes: usize) -> u64 {
        let row = u64::from(self.width) * 8;
        let proof = 2 * input + row * 8 + SLACK;
        if self.orientation == Orientation::NoTransforms {
            return proof;
        }
        let raw = limits::pixels(self.width, self.height) * self.pixel_bytes();
        proof + raw + 2 * Capped::capacity(raw, max_bytes)
    }

    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8], max_bytes: usize) -> Result<Image, ImageError> {
        let (stripped, colour_chunks) = strip::strip(bytes, self)?;
        if self.orientation == Orientation::NoTransforms {
            decode::verify(&stripped)?;
            return Ok(Image::new(ImageFormat::Png, Bytes::from(stripped)));
        }
        let mut pixels = decode::decode(&stripped, self)?;
        drop(stripped);
        let encoded = encode(&mut pixels, self.orientation, &colour_chunks, max_bytes)?;
        Ok(Image::new(ImageFormat::Png, Bytes::from(encoded)))
    }
}

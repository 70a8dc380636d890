//! PNG (ISO/IEC 15948, third edition): every colour type and depth, interlaced or not; of an animation the
//! first frame.
//!
//! Clean bytes are header, colour chunks, palette, transparency, one chunk of image data, and the end.

mod animation;
mod chunks;
mod colouring;
mod decode;
mod encode;
mod frame;
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

/// Where each chunk of image data is, in a list that grows by doubling: the old one and the new one, while it is copied.
const PIECE: u64 = 3 * 16;

impl Header {
    /// What [`strip::strip`] takes: chunks may be smaller than what is noted of them. Compressing the rows anew takes an
    /// eighth more than the data, and windows, for which there is room.
    fn stripping(&self, input: u64) -> u64 {
        2 * input + self.pieces * PIECE
    }

    /// See [`crate::Inspected::working_bytes`]. A proof goes row by row; a picture to be turned is held once.
    pub(crate) fn working_bytes(&self, input: u64, max_bytes: usize) -> u64 {
        let row = u64::from(self.width) * 8;
        let proof = self.stripping(input) + row * 8 + SLACK;
        if self.keeps_pixels() {
            return proof;
        }
        let canvas = limits::pixels(self.width, self.height);
        if self.fills_canvas() {
            let raw = canvas * self.pixel_bytes();
            return proof + raw + 2 * Capped::capacity(raw, max_bytes);
        }
        let picture = self.of_picture();
        let decoded = limits::pixels(picture.width, picture.height) * self.pixel_bytes();
        let raw = canvas * self.canvas_pixel_bytes();
        proof + raw + decoded.max(2 * Capped::capacity(raw, max_bytes))
    }

    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8], max_bytes: usize) -> Result<Image, ImageError> {
        let (stripped, colour_chunks) = strip::strip(bytes, self)?;
        if self.keeps_pixels() {
            decode::verify(&stripped)?;
            return Ok(Image::new(ImageFormat::Png, Bytes::from(stripped)));
        }
        let mut pixels = decode::decode(&stripped, &self.of_picture())?;
        drop(stripped);
        if let Some(frame) = self.frame.filter(|_| !self.fills_canvas()) {
            pixels = pixels.on_canvas(self.width, self.height, frame.left, frame.top);
        }
        let encoded = encode(&mut pixels, self.orientation, &colour_chunks, max_bytes)?;
        Ok(Image::new(ImageFormat::Png, Bytes::from(encoded)))
    }

    /// Whether the pixels are kept as they are stored.
    fn keeps_pixels(&self) -> bool {
        self.orientation == Orientation::NoTransforms && self.fills_canvas()
    }
}

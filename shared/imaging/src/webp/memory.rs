//! What decoding and encoding a WebP will allocate, from how image-webp 0.2 works.

use image::metadata::Orientation;

use super::header::Header;
use crate::{capped::Capped, limits};

/// Deflating, rows for the encoder, Huffman tables, error values.
const SLACK: u64 = 2 * 1024 * 1024;

impl Header {
    /// See [`crate::Inspected::working_bytes`].
    pub(crate) fn working_bytes(&self, input: u64) -> u64 {
        let frame = limits::pixels(self.frame.width, self.frame.height);
        let decoded = frame * if self.frame.alpha { 4 } else { 3 };
        // The stripped file, and the decoder's copy of what it reads, in a buffer that doubles as it grows.
        let decoding = 4 * input + decoded + self.decoder_bytes() + self.code_bytes + SLACK;
        if self.fills_canvas() && self.orientation == Orientation::NoTransforms {
            return decoding;
        }
        let canvas = if self.fills_canvas() { 0 } else { limits::pixels(self.width, self.height) * 4 };
        let encoded = decoded.max(canvas);
        decoding.max(decoded + canvas + 3 * input + 2 * Capped::capacity(encoded) + SLACK)
    }

    /// What the decoder holds besides the pixels that it gives.
    fn decoder_bytes(&self) -> u64 {
        let pixels = limits::pixels(self.frame.width, self.frame.height);
        let blocks =
            limits::pixels(self.frame.width.next_multiple_of(16), self.frame.height.next_multiple_of(16));
        match (self.frame.lossless, self.frame.alpha) {
            // Transforms of at most a sixteenth of the pixels; without alpha all pixels a second time.
            (true, true) => pixels * 5 / 4,
            (true, false) => pixels * 21 / 4,
            // Planes of 4:2:0; alpha is itself decoded as a lossless picture.
            (false, true) => blocks * 3 / 2 + pixels * 25 / 4,
            (false, false) => blocks * 3 / 2,
        }
    }
}

//! What decoding and encoding a WebP will allocate, from how image-webp 0.2 works.

use crate::orientation::Orientation;

use super::header::Header;
use crate::{capped::Capped, limits, square::Source};

/// Deflating, rows for the encoder, Huffman tables, error values.
const SLACK: u64 = 2 * 1024 * 1024;

impl Header {
    /// See [`crate::Inspected::working_bytes`].
    pub(crate) fn working_bytes(&self, input: u64, max_bytes: usize) -> u64 {
        let (decoded, decoding) = (self.decoded(), self.decoding(input));
        if self.fills_canvas() && self.orientation == Orientation::NoTransforms {
            return decoding;
        }
        let canvas = if self.fills_canvas() { 0 } else { limits::pixels(self.width, self.height) * 4 };
        let encoded = decoded.max(canvas);
        decoding.max(decoded + canvas + 3 * input + 2 * Capped::capacity(encoded, max_bytes) + SLACK)
    }

    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self, input: u64) -> u64 {
        let canvas = if self.fills_canvas() { 0 } else { limits::pixels(self.width, self.height) * 4 };
        // The profile, which is a part of the input, twice.
        let held = self.decoded() + canvas + 3 * input;
        let square = if self.frame.alpha || canvas > 0 {
            Source::working_bytes(self.width, self.height)
        } else {
            Source::working_bytes_of_rgb(self.width, self.height)
        };
        self.decoding(input).max(held + square)
    }

    /// The pixels that the decoder returns.
    fn decoded(&self) -> u64 {
        let frame = limits::pixels(self.frame.width, self.frame.height);
        frame * if self.frame.alpha { 4 } else { 3 }
    }

    /// The stripped file, the decoder's copy of what it reads, in a buffer that doubles as it grows, and the
    /// pixels.
    fn decoding(&self, input: u64) -> u64 {
        4 * input + self.decoded() + self.decoder_bytes() + self.code_bytes + SLACK
    }

    /// Memory of the decoder besides the pixels that it returns.
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

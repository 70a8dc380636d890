//! What decoding and encoding a JPEG will allocate, from how zune-jpeg 0.5 and jpeg-encoder 0.7 work.

use image::metadata::Orientation;

use super::{colour::Colour, header::Header};
use crate::{capped::Capped, limits};

/// Huffman tables, error values and the like.
const SLACK: u64 = 512 * 1024;

impl Header {
    /// See [`crate::Inspected::working_bytes`].
    pub(crate) fn working_bytes(&self, input: u64) -> u64 {
        let pixels = limits::pixels(self.width, self.height);
        let decoding = self.decoding();
        if self.orientation == Orientation::NoTransforms {
            return input * 2 + self.profile_bytes + pixels * self.proof_samples() + decoding;
        }
        let raw = pixels * if self.frame.colour() == Colour::Grey { 1 } else { 3 };
        raw + (input * 2 + decoding).max(self.encoding(raw) + SLACK) + self.profile_bytes * 2
    }

    /// What a decoder holds besides the pixels that it gives.
    pub(crate) fn decoding(&self) -> u64 {
        self.rows() + self.coefficients() + SLACK
    }

    /// Samples a pixel that a proof writes: luma alone where that can be had.
    pub(crate) fn proof_samples(&self) -> u64 {
        if self.frame.colour() == Colour::Grey || self.frame.has_separable_luma() { 1 } else { 3 }
    }

    /// A few rows of blocks of each component, before and after upsampling.
    fn rows(&self) -> u64 {
        u64::from(self.width.next_multiple_of(32)) * 256 * self.frame.components.len() as u64
    }

    /// All coefficients of the picture, two bytes each, where they come in several scans.
    pub(crate) fn coefficients(&self) -> u64 {
        let frame = &self.frame;
        if !frame.progressive && self.first_scan == frame.components.len() {
            return 0;
        }
        let (horizontal, vertical) = frame.max_sampling();
        let units = u64::from(self.width.div_ceil(8 * u32::from(horizontal)))
            * u64::from(self.height.div_ceil(8 * u32::from(vertical)));
        let blocks: u64 =
            frame.components.iter().map(|c| u64::from(c.horizontal) * u64::from(c.vertical)).sum();
        units * blocks * 64 * 2
    }

    /// Rows for the encoder, and what it writes.
    fn encoding(&self, raw: u64) -> u64 {
        u64::from(self.width.max(self.height)) * 128 + Capped::capacity(raw)
    }
}

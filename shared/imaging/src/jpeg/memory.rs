//! What decoding and encoding a JPEG will allocate, from how libjpeg-turbo 2.1 and jpeg-encoder 0.7 work.

use crate::orientation::Orientation;

use super::{colour::Colour, header::Header, planes::Planes};
use crate::{capped::Capped, limits};

/// Huffman tables, tables of colours, rows of pointers and the like.
const SLACK: u64 = 512 * 1024;

/// Rows of a component that libjpeg holds: blocks of the largest sampling factor with their neighbours, and
/// their upsampled rows.
const ROWS: u64 = 4 * 10 + 4;

impl Header {
    /// See [`crate::Inspected::working_bytes`]. A proof goes row by row.
    pub(crate) fn working_bytes(&self, input: u64, max_bytes: usize) -> u64 {
        let decoding = self.decoding();
        if self.orientation == Orientation::NoTransforms {
            return input * 2 + self.profile_bytes + decoding;
        }
        let pixels = limits::pixels(self.width, self.height);
        let raw = match self.frame.colour() {
            _ if self.has_planes() => Planes::bytes(self.width, self.height),
            Colour::Grey => pixels,
            Colour::YCbCr | Colour::Rgb | Colour::Cmyk | Colour::Ycck => pixels * 3,
        };
        raw + (input * 2 + decoding).max(self.encoding(raw, max_bytes) + SLACK) + self.profile_bytes * 2
    }

    /// Memory of the decoder besides the pixels that it returns.
    pub(crate) fn decoding(&self) -> u64 {
        self.rows() + self.coefficients() + SLACK
    }

    /// A few rows of each component, before and after upsampling, and one of the picture.
    fn rows(&self) -> u64 {
        u64::from(self.width.next_multiple_of(32)) * (ROWS + 1) * self.frame.components.len() as u64
    }

    /// All coefficients of the picture, two bytes each, where they come in several scans.
    pub(crate) fn coefficients(&self) -> u64 {
        let frame = &self.frame;
        if !frame.is_progressive() && self.first_scan == frame.components.len() {
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
    fn encoding(&self, raw: u64, max_bytes: usize) -> u64 {
        u64::from(self.width.max(self.height)) * 128 + Capped::capacity(raw, max_bytes)
    }
}

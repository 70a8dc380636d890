//! JPEG (ITU T.81): baseline and progressive, Huffman coded, 8 bits a sample; decoded by libjpeg, and read
//! here by its rules where files violate the standard or are inconsistent.
//!
//! Clean bytes are JFIF, Adobe and colour profile segments, then the frame, then each scan after the tables
//! that it uses, and nothing else. Sequential scans are counted block by block, and nothing is kept after the
//! last block: where one scan has the whole picture, that is the proof that it can be decoded.
//!
//! Not detected: in a progressive picture, data between the last block of any scan and the next marker that
//! is not a restart (the decoder fills up missing data there, and skips excess data); in tables that a scan
//! uses, symbols that it never codes and numbers that it never multiplies with; text in a colour profile. A
//! progressive scan is not compared with earlier ones: a redundant one is kept, up to the limit of scans.

mod colour;
mod decode;
mod encode;
mod header;
mod huffman;
mod memory;
mod planes;
mod progress;
mod prologue;
mod remake;
mod scan;
mod segments;
mod sequential;
mod source;
mod standard;
mod strip;
mod tables;

pub(crate) use encode::{encode, try_encode};
pub(crate) use header::Header;

use crate::orientation::Orientation;
use bytes::Bytes;
use colour::Colour;
use domain::{Image, ImageError, ImageFormat};

impl Header {
    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8], max_bytes: usize) -> Result<Image, ImageError> {
        let (stripped, profile) = strip::strip(bytes, self)?;
        if self.orientation == Orientation::NoTransforms {
            decode::verify(&stripped, self)?;
            return Ok(Image::new(ImageFormat::Jpeg, Bytes::from(stripped)));
        }
        let profile = profile.filter(|_| !self.frame.has_inks());
        let (turn, profile) = (self.orientation, profile.as_deref());
        let encoded = if self.has_planes() {
            let mut planes = decode::decode_planes(&stripped, self)?;
            drop(stripped);
            encode(&mut planes, turn, profile, true, max_bytes)?
        } else {
            let mut pixels = decode::decode(&stripped, self)?;
            drop(stripped);
            encode(&mut pixels, turn, profile, self.frame.is_subsampled(), max_bytes)?
        };
        Ok(Image::new(ImageFormat::Jpeg, Bytes::from(encoded)))
    }

    /// Whether it is turned in planes of 4:2:0: where its colours have half the pixels of its luma, or a quarter.
    fn has_planes(&self) -> bool {
        let luma = self.frame.components.first();
        let has_all = luma.is_some_and(|luma| (luma.horizontal, luma.vertical) == self.frame.max_sampling());
        let (across, down) = self.frame.max_sampling();
        let at_most_half = across <= 2 && down <= 2;
        self.frame.colour() == Colour::YCbCr && self.frame.is_subsampled() && has_all && at_most_half
    }
}

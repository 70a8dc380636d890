//! The size of a picture, from the head of its own data.

use domain::ImageError;

use super::chunks::Chunk;
use crate::read::{self, OrUndecodable};

/// The size and transparency that a picture's data declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) lossless: bool,
    /// Whether anything may be transparent.
    pub(crate) alpha: bool,
}

impl Frame {
    /// Reads the frame header of VP8 (RFC 6386, 9.1) or VP8L (RFC 9649, 3.4).
    pub(crate) fn read(picture: &Chunk, has_alpha_chunk: bool) -> Result<Self, ImageError> {
        let frame = match &picture.name {
            b"VP8L" => lossless(picture.data),
            _ => lossy(picture.data, has_alpha_chunk),
        };
        frame.or_undecodable("the WebP's image header is invalid")
    }
}

fn lossless(data: &[u8]) -> Option<Frame> {
    let bits = read::le32(data, 1)?;
    let valid = data[0] == 0x2f && bits >> 29 == 0;
    let (width, height) = ((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1);
    valid.then_some(Frame { width, height, lossless: true, alpha: bits >> 28 & 1 == 1 })
}

fn lossy(data: &[u8], alpha: bool) -> Option<Frame> {
    let is_key_frame = data.first()? & 1 == 0;
    let valid = is_key_frame && read::slice(data, 3, 3)? == b"\x9d\x01\x2a";
    let (width, height) =
        (u32::from(read::le16(data, 6)? & 0x3fff), u32::from(read::le16(data, 8)? & 0x3fff));
    valid.then_some(Frame { width, height, lossless: false, alpha })
}

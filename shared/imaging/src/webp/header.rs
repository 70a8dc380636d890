//! The header of a WebP, read before decoding.

use crate::orientation::Orientation;
use domain::ImageError;

use super::{
    chunks::{Chunk, Parts},
    frame::Frame,
    groups::Groups,
};
use crate::{
    limits, orientation,
    read::{self, OrUndecodable},
};

const ALPHA: u8 = 0x10;

/// Canvas, frame and orientation.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// The picture, or the first one of an animation.
    pub(crate) frame: Frame,
    /// The position of the picture on the canvas.
    pub(crate) left: u32,
    pub(crate) top: u32,
    pub(crate) orientation: Orientation,
    /// What the decoder may hold for prefix codes, in bytes.
    pub(crate) code_bytes: u64,
}

impl Header {
    /// Reads the container's chunks and the head of the picture.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let parts = Parts::read(bytes)?;
        let picture = parts.picture.or_undecodable("the WebP has no image data")?;
        let mut frame = Frame::read(&picture, parts.alpha.is_some())?;
        let (mut width, mut height) = (frame.width, frame.height);
        if let Some(extended) = parts.extended {
            let size = read::le24(extended, 4).zip(read::le24(extended, 7));
            let (right, bottom) = size.or_undecodable("the WebP's canvas is empty")?;
            (width, height) = (right + 1, bottom + 1);
            let may_be_transparent = extended[0] & ALPHA != 0 || parts.animation_frame.is_some();
            frame.alpha &= may_be_transparent;
        } else {
            frame.alpha &= frame.lossless;
        }
        limits::check_size(width, height)?;
        let (left, top) = position(&parts, &frame, width, height)?;
        let orientation = parts.exif.map_or(Orientation::NoTransforms, orientation::of_exif);
        Ok(Self {
            width,
            height,
            frame,
            left,
            top,
            orientation,
            code_bytes: code_bytes(&parts, &picture, &frame),
        })
    }

    /// Whether the picture fills the canvas.
    pub(crate) fn fills_canvas(&self) -> bool {
        (self.frame.width, self.frame.height) == (self.width, self.height)
    }
}

/// The position of the picture, which must have the declared size and be inside the canvas.
fn position(parts: &Parts, frame: &Frame, width: u32, height: u32) -> Result<(u32, u32), ImageError> {
    const WRONG: &str = "the WebP's dimensions are inconsistent";
    let Some(header) = parts.animation_frame else {
        let same = (frame.width, frame.height) == (width, height);
        return same.then_some((0, 0)).or_undecodable(WRONG);
    };
    let number = |at| read::le24(header, at).or_undecodable(WRONG);
    let (left, top) = (number(0)? * 2, number(3)? * 2);
    let announced = (number(6)? + 1, number(9)? + 1);
    let inside = left + frame.width <= width && top + frame.height <= height;
    (inside && announced == (frame.width, frame.height)).then_some((left, top)).or_undecodable(WRONG)
}

/// Bounds the prefix codes of a lossless picture, or of the alpha of a lossy one. Damaged data counts as the
/// worst case.
fn code_bytes(parts: &Parts, picture: &Chunk, frame: &Frame) -> u64 {
    /// Of the alpha chunk's first byte: its data is a lossless picture without header (RFC 9649, 2.7.1.2).
    const COMPRESSED: u8 = 1;
    let data = match parts.alpha {
        _ if frame.lossless => picture.data.get(5..).unwrap_or_default(),
        Some([flags, data @ ..]) if flags & 3 == COMPRESSED => data,
        _ => return 0,
    };
    let groups = Groups::read(data, frame.width, frame.height).unwrap_or(Groups::WORST);
    groups.decoder_bytes(data.len() as u64)
}

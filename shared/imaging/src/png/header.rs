//! The header of a PNG (11.2.1), read before decoding.

use crate::orientation::Orientation;
use domain::ImageError;

use super::{animation::Animation, chunks::Chunks, frame::Frame};
use crate::{limits, orientation, read::OrUndecodable};

/// Size, depth, colours and orientation.
#[derive(Clone, Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bits a sample: 1, 2, 4, 8 or 16.
    pub(crate) depth: u8,
    /// 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGB with alpha.
    pub(crate) colour: u8,
    pub(crate) interlaced: bool,
    /// Whether a `tRNS` chunk makes something transparent.
    pub(crate) has_transparency: bool,
    pub(crate) orientation: Orientation,
    /// The picture, where it is the first frame of an animation rather than the image data of the canvas.
    pub(crate) frame: Option<Frame>,
    /// Chunks of image data, of frames too.
    pub(crate) pieces: u64,
}

impl Header {
    /// Reads `IHDR`, and skips the other chunks to find the orientation and the first frame.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut chunks = Chunks::new(bytes);
        let first = chunks.next().or_undecodable("the PNG is truncated")??;
        if first.name != *b"IHDR" {
            return Err(ImageError::Undecodable("the PNG does not begin with its header"));
        }
        first.verify()?;
        let mut header = Self::parse(first.data)?;
        limits::check_size(header.width, header.height)?;
        let mut animation = Animation::default();
        for chunk in chunks {
            let chunk = chunk?;
            header.pieces += u64::from([*b"IDAT", *b"fdAT"].contains(&chunk.name));
            match &chunk.name {
                b"tRNS" => header.has_transparency = true,
                b"eXIf" if chunk.is_intact() => header.orientation = orientation::of_exif(chunk.data),
                _ => animation.note(&chunk, header.width, header.height),
            }
        }
        header.frame = animation.first_frame();
        Ok(header)
    }

    fn parse(data: &[u8]) -> Result<Self, ImageError> {
        let data: [u8; 13] = data.try_into().or_undecodable("the PNG's header has the wrong length")?;
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, colour, compression, filter, interlace] = data;
        let known =
            matches!((colour, depth), (0, 1 | 2 | 4 | 8 | 16) | (3, 1 | 2 | 4 | 8) | (2 | 4 | 6, 8 | 16));
        if !known || compression != 0 || filter != 0 || interlace > 1 {
            return Err(ImageError::Undecodable("the PNG's header is not valid"));
        }
        Ok(Self {
            width: u32::from_be_bytes([w0, w1, w2, w3]),
            height: u32::from_be_bytes([h0, h1, h2, h3]),
            depth,
            colour,
            interlaced: interlace == 1,
            has_transparency: false,
            orientation: Orientation::NoTransforms,
            frame: None,
            pieces: 0,
        })
    }

    /// The header that the picture would have alone.
    pub(crate) fn of_picture(&self) -> Self {
        let Some(frame) = self.frame else { return self.clone() };
        Self { width: frame.width, height: frame.height, frame: None, ..self.clone() }
    }

    /// Whether the picture fills the canvas.
    pub(crate) fn fills_canvas(&self) -> bool {
        self.frame.is_none_or(|frame| (frame.width, frame.height) == (self.width, self.height))
    }

    /// Samples of a pixel as stored.
    pub(crate) fn samples(&self) -> u64 {
        match self.colour {
            2 => 3,
            4 => 2,
            6 => 4,
            _ => 1,
        }
    }

    /// Bytes of a pixel as decoded: no palette, at least 8 bits a sample, transparency as alpha.
    pub(crate) fn pixel_bytes(&self) -> u64 {
        let alpha = u64::from(self.has_transparency || matches!(self.colour, 4 | 6));
        (self.colours() + alpha) * self.sample_bytes()
    }

    /// The same on a canvas that the picture does not fill: always with alpha.
    pub(crate) fn canvas_pixel_bytes(&self) -> u64 {
        (self.colours() + 1) * self.sample_bytes()
    }

    /// Samples of a pixel as decoded, without alpha.
    fn colours(&self) -> u64 {
        if matches!(self.colour, 0 | 4) { 1 } else { 3 }
    }

    /// Bytes of a sample as decoded.
    fn sample_bytes(&self) -> u64 {
        u64::from(self.depth.div_ceil(8))
    }
}

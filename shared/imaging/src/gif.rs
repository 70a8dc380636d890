//! GIF (87a and 89a): the first frame on its logical screen, which grows to fit the frame as in browsers,
//! kept as PNG.

use bytes::Bytes;
use domain::{Image, ImageError, ImageFormat};
use gif::{ColorOutput, DecodeOptions, MemoryLimit};

use crate::{
    capped::Capped,
    limits,
    orientation::Orientation,
    pixels::{Layout, Pixels},
    png,
    read::{self, OrUndecodable},
    square::{Colouring, Source},
};

const TRUNCATED: &str = "the GIF is truncated";

/// Of the flags of a screen or a frame: its colours follow.
const HAS_COLOUR_TABLE: u8 = 0x80;

/// LZW tables, deflating, rows.
const SLACK: u64 = 2 * 1024 * 1024;

/// The logical screen, and the first frame on it. A GIF has no orientation.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    frame_width: u32,
    frame_height: u32,
    /// Where the frame is on the screen.
    left: u32,
    top: u32,
}

impl Header {
    /// Reads the blocks up to the first frame (18 to 20), and skips extensions, unknown ones included. Its size is
    /// limited like the screen's.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let number = |at| read::le16(bytes, at).map(u32::from).or_undecodable(TRUNCATED);
        let screen_flags = *bytes.get(10).or_undecodable(TRUNCATED)?;
        let mut at = 13 + colour_table(screen_flags);
        loop {
            match bytes.get(at).or_undecodable(TRUNCATED)? {
                b'!' => at = after_sub_blocks(bytes, at + 2)?,
                b',' => break,
                _ => return Err(ImageError::Undecodable("the GIF has no frame")),
            }
        }
        let (frame_width, frame_height) = (number(at + 5)?, number(at + 7)?);
        limits::check_size(frame_width, frame_height)?;
        let (left, top) = (number(at + 1)?, number(at + 3)?);
        let (width, height) = (number(6)?.max(left + frame_width), number(8)?.max(top + frame_height));
        let flags = *bytes.get(at + 9).or_undecodable(TRUNCATED)?;
        if (screen_flags | flags) & HAS_COLOUR_TABLE == 0 {
            // Chromium draws black and Firefox white.
            return Err(ImageError::Undecodable("the GIF has no colours"));
        }
        Ok(Self { width, height, frame_width, frame_height, left, top })
    }

    /// See [`crate::Inspected::working_bytes`].
    pub(crate) fn working_bytes(&self, max_bytes: usize) -> u64 {
        let screen = self.screen_bytes();
        screen + self.frame_bytes().max(2 * Capped::capacity(screen, max_bytes)) + SLACK
    }

    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8], max_bytes: usize) -> Result<Image, ImageError> {
        let mut pixels = self.decode(bytes)?;
        pixels.drop_opaque_alpha();
        let encoded = png::encode(&mut pixels, Orientation::NoTransforms, &[], max_bytes)?;
        Ok(Image::new(ImageFormat::Png, Bytes::from(encoded)))
    }

    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self) -> u64 {
        let squaring = Source::working_bytes(self.width, self.height);
        self.screen_bytes() + self.frame_bytes().max(squaring) + SLACK
    }

    /// See [`crate::Inspected::square`]. A GIF has no colour profile.
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let pixels = self.decode(bytes)?;
        Ok(Source { pixels, orientation: Orientation::NoTransforms, colouring: Colouring::Srgb })
    }

    /// The first frame on its screen, as RGBA: transparent around the frame, as browsers show it.
    fn decode(&self, bytes: &[u8]) -> Result<Pixels, ImageError> {
        const DAMAGED: &str = "the GIF's pixels are damaged or truncated";
        let mut options = DecodeOptions::new();
        options.set_color_output(ColorOutput::RGBA);
        options.set_memory_limit(MemoryLimit::Unlimited);
        // Extensions.
        options.allow_unknown_blocks(true);
        let mut decoder = options.read_info(bytes).or_undecodable("the GIF's header is damaged")?;
        let frame = decoder.next_frame_info().or_undecodable(DAMAGED)?.or_undecodable(DAMAGED)?;
        let place = [frame.left, frame.top, frame.width, frame.height].map(u32::from);
        if place != [self.left, self.top, self.frame_width, self.frame_height] {
            return Err(ImageError::Undecodable("the GIF's dimensions are inconsistent"));
        }
        let [left, top, width, height] = place.map(|pixels| pixels as usize);
        let line = self.width as usize * 4;
        let mut data = vec![0; line * self.height as usize];
        if self.fills_width() {
            let lines = &mut data[top * line..][..height * line];
            decoder.read_into_buffer(lines).or_undecodable(DAMAGED)?;
        } else {
            let mut picture = vec![0; width * height * 4];
            decoder.read_into_buffer(&mut picture).or_undecodable(DAMAGED)?;
            for (y, row) in picture.chunks_exact(width * 4).enumerate() {
                data[(top + y) * line + left * 4..][..row.len()].copy_from_slice(row);
            }
        }
        Ok(Pixels { width: self.width, height: self.height, layout: Layout::Rgba, sample_bytes: 1, data })
    }

    fn screen_bytes(&self) -> u64 {
        limits::pixels(self.width, self.height) * 4
    }

    /// The frame, where it is not decoded in place.
    fn frame_bytes(&self) -> u64 {
        if self.fills_width() { 0 } else { limits::pixels(self.frame_width, self.frame_height) * 4 }
    }

    /// Whether the lines of the frame are those of the screen, so that it is decoded in place.
    fn fills_width(&self) -> bool {
        self.frame_width == self.width
    }
}

/// Bytes of the colour table that these flags announce.
fn colour_table(flags: u8) -> usize {
    if flags & HAS_COLOUR_TABLE == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

fn after_sub_blocks(bytes: &[u8], mut at: usize) -> Result<usize, ImageError> {
    loop {
        let length = usize::from(*bytes.get(at).or_undecodable(TRUNCATED)?);
        at += 1 + length;
        if length == 0 {
            return Ok(at);
        }
    }
}

//! GIF (87a and 89a): the first frame on its logical screen, which grows to fit the frame as in browsers,
//! kept as PNG.

use std::{borrow::Cow, io::Cursor};

use bytes::Bytes;
use domain::{Image, ImageError, ImageFormat};
use image::{ImageDecoder, Limits, codecs::gif::GifDecoder, metadata::Orientation};

use crate::{
    capped::Capped,
    limits,
    pixels::{Layout, Pixels},
    png,
    read::{self, OrUndecodable},
    square::{Colouring, Source},
};

const TRUNCATED: &str = "the GIF is truncated";

/// LZW tables, deflating, rows.
const SLACK: u64 = 2 * 1024 * 1024;

/// The logical screen, and the first frame on it. A GIF has no orientation.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    frame_width: u32,
    frame_height: u32,
    /// Whether the file declares a smaller screen than the first frame needs.
    has_small_screen: bool,
}

impl Header {
    /// Reads the blocks up to the first frame (18 to 20). Its size is limited like the screen's.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let number = |at| read::le16(bytes, at).map(u32::from).or_undecodable(TRUNCATED);
        let mut at = 13 + colour_table(*bytes.get(10).or_undecodable(TRUNCATED)?);
        loop {
            match bytes.get(at).or_undecodable(TRUNCATED)? {
                b'!' => at = after_sub_blocks(bytes, at + 2)?,
                b',' => break,
                _ => return Err(ImageError::Undecodable("the GIF has no frame")),
            }
        }
        let (frame_width, frame_height) = (number(at + 5)?, number(at + 7)?);
        limits::check_size(frame_width, frame_height)?;
        let screen = [number(6)?, number(8)?];
        let (width, height) = grown(screen, [number(at + 1)?, number(at + 3)?], [frame_width, frame_height]);
        let has_small_screen = [width, height] != screen;
        Ok(Self { width, height, frame_width, frame_height, has_small_screen })
    }

    /// See [`crate::Inspected::working_bytes`].
    pub(crate) fn working_bytes(&self, input: u64) -> u64 {
        let copied = if self.has_small_screen { input } else { 0 };
        let screen = limits::pixels(self.width, self.height) * 4;
        let frame =
            if self.fills_screen() { 0 } else { limits::pixels(self.frame_width, self.frame_height) * 4 };
        copied + screen + frame.max(2 * Capped::capacity(screen)) + SLACK
    }

    /// See [`crate::Inspected::clean`].
    pub(crate) fn clean(&self, bytes: &[u8]) -> Result<Image, ImageError> {
        let mut pixels = self.decode(bytes)?;
        pixels.drop_opaque_alpha();
        let encoded = png::encode(&mut pixels, Orientation::NoTransforms, &[])?;
        Ok(Image::new(ImageFormat::Png, Bytes::from(encoded)))
    }

    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self, input: u64) -> u64 {
        self.working_bytes(input)
            .max(limits::pixels(self.width, self.height) * 4 + Source::working_bytes(self.width, self.height))
    }

    /// See [`crate::Inspected::square`]. A GIF has no colour profile.
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let pixels = self.decode(bytes)?;
        Ok(Source { pixels, orientation: Orientation::NoTransforms, colouring: Colouring::Srgb })
    }

    /// The first frame on its screen, as RGBA.
    fn decode(&self, bytes: &[u8]) -> Result<Pixels, ImageError> {
        let mut decoder = GifDecoder::new(Cursor::new(self.with_its_screen(bytes)))
            .or_undecodable("the GIF's header is damaged")?;
        let mut allowed = Limits::no_limits();
        allowed.max_alloc = Some(self.working_bytes(0));
        decoder.set_limits(allowed).or_undecodable("the GIF is too large")?;
        if decoder.dimensions() != (self.width, self.height) {
            return Err(ImageError::Undecodable("the GIF's dimensions are inconsistent"));
        }
        let mut data = vec![0; self.width as usize * self.height as usize * 4];
        decoder.read_image(&mut data).or_undecodable("the GIF's pixels are damaged or truncated")?;
        Ok(Pixels { width: self.width, height: self.height, layout: Layout::Rgba, sample_bytes: 1, data })
    }

    /// The bytes with a screen that fits the first frame: the decoder crops to the declared screen.
    fn with_its_screen<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        if !self.has_small_screen {
            return bytes.into();
        }
        let mut bytes = bytes.to_vec();
        for (at, pixels) in [(6, self.width), (8, self.height)] {
            let side = u16::try_from(pixels).expect("sides are limited");
            bytes[at..at + 2].copy_from_slice(&side.to_le_bytes());
        }
        bytes.into()
    }

    fn fills_screen(&self) -> bool {
        (self.frame_width, self.frame_height) == (self.width, self.height)
    }
}

/// The screen that fits the first frame at `place`.
fn grown(screen: [u32; 2], place: [u32; 2], frame: [u32; 2]) -> (u32, u32) {
    let side = |index: usize| screen[index].max(place[index] + frame[index]);
    (side(0), side(1))
}

/// Bytes of the colour table that these flags announce.
fn colour_table(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
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

//! Encodes pixels as PNG, small enough to be kept.

use std::{borrow::Cow, io::Write};

use crate::orientation::Orientation;
use domain::ImageError;
use flate2::{Compression, write::ZlibEncoder};
use png::{BitDepth, ColorType, Encoder, chunk::ChunkType};

use super::{
    header::Header,
    strip::{self, ColourChunk},
};
use crate::{
    capped::Capped,
    pixels::{Layout, Pixels},
    upright::Upright,
};

/// How many times the sides are halved before giving up: 16,384 pixels become 256.
const MAX_HALVINGS: usize = 6;

/// Encodes `pixels` upright, at half the size until they fit.
///
/// `pixels` (anything but `YCbCr`) are scaled down in place; `colour_chunks` are written as they are.
pub(crate) fn encode(
    pixels: &mut Pixels,
    orientation: Orientation,
    colour_chunks: &[ColourChunk],
    max_bytes: usize,
) -> Result<Vec<u8>, ImageError> {
    for halvings in 0..=MAX_HALVINGS {
        if halvings > 0 {
            pixels.halve();
        }
        let mut out = Capped::new(pixels.data.len(), max_bytes);
        if try_encode(pixels, orientation, colour_chunks, &mut out).is_ok() {
            // The encoder splits the image data as it flushes; cleaning joins it into one chunk.
            let encoded = out.into_bytes();
            return Ok(strip::strip(&encoded, &Header::read(&encoded)?)?.0);
        }
    }
    Err(ImageError::TooLargeToKeep { max_bytes })
}

/// The `iCCP` chunk of a profile that came from another format.
pub(crate) fn profile_chunk(profile: &[u8]) -> ColourChunk<'static> {
    let mut encoder = ZlibEncoder::new(b"icc\0\0".to_vec(), Compression::default());
    encoder.write_all(profile).expect("writing to memory does not fail");
    (*b"iCCP", Cow::Owned(encoder.finish().expect("writing to memory does not fail")))
}

fn try_encode(
    pixels: &Pixels,
    orientation: Orientation,
    colour_chunks: &[ColourChunk],
    out: &mut Capped,
) -> Result<(), png::EncodingError> {
    let upright = Upright::new(pixels, orientation);
    let mut encoder = Encoder::new(out, upright.width, upright.height);
    encoder.set_depth(if pixels.sample_bytes == 2 { BitDepth::Sixteen } else { BitDepth::Eight });
    encoder.set_color(match pixels.layout {
        Layout::Luma => ColorType::Grayscale,
        Layout::LumaAlpha => ColorType::GrayscaleAlpha,
        Layout::YCbCr | Layout::Rgb => ColorType::Rgb,
        Layout::Rgba | Layout::Rgbx => ColorType::Rgba,
    });
    let mut writer = encoder.write_header()?;
    for (name, data) in colour_chunks {
        writer.write_chunk(ChunkType(*name), data)?;
    }
    let mut rows = writer.stream_writer_with_size(64 * 1024)?;
    let mut row = Vec::new();
    for y in 0..upright.height {
        row.clear();
        row.extend(upright.row(y).flatten());
        rows.write_all(&row)?;
    }
    rows.finish()?;
    writer.finish()
}

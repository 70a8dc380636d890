//! Full decodes with the `png` crate.

use std::io::Cursor;

use domain::ImageError;
use png::{ColorType, Decoder, Limits, Transformations};

use super::header::Header;
use crate::{
    pixels::{Layout, Pixels},
    read::OrUndecodable,
};

/// For a few rows and a profile; the caller allocates the pixels, not the decoder.
pub(super) const LIMITS: Limits = Limits { bytes: 4 * 1024 * 1024 };

const DAMAGED: &str = "the PNG's pixels are damaged or truncated";

/// Decodes row by row and discards the pixels.
pub(crate) fn verify(bytes: &[u8]) -> Result<(), ImageError> {
    let mut reader =
        Decoder::new_with_limits(Cursor::new(bytes), LIMITS).read_info().or_undecodable(DAMAGED)?;
    while reader.next_interlaced_row().or_undecodable(DAMAGED)?.is_some() {}
    reader.finish().or_undecodable(DAMAGED)
}

/// Decodes to grey or RGB with 8 or 16 bits, with alpha where anything is transparent.
pub(crate) fn decode(bytes: &[u8], header: &Header) -> Result<Pixels, ImageError> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), LIMITS);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().or_undecodable(DAMAGED)?;
    let size = reader.output_buffer_size().or_undecodable("the PNG is too large")?;
    let (colour, depth) = reader.output_color_type();
    let mut data = vec![0; size];
    reader.next_frame(&mut data).or_undecodable(DAMAGED)?;
    let layout = match colour {
        ColorType::Grayscale => Layout::Luma,
        ColorType::GrayscaleAlpha => Layout::LumaAlpha,
        ColorType::Rgb => Layout::Rgb,
        ColorType::Rgba => Layout::Rgba,
        ColorType::Indexed => return Err(ImageError::Undecodable("the PNG's palette cannot be read")),
    };
    let sample_bytes = if depth == png::BitDepth::Sixteen { 2 } else { 1 };
    Ok(Pixels { width: header.width, height: header.height, layout, sample_bytes, data })
}

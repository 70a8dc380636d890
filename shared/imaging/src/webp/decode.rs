//! Full decodes with image-webp.

use std::io::Cursor;

use domain::ImageError;
use image_webp::WebPDecoder;

use super::frame::Frame;
use crate::{
    pixels::{Layout, Pixels},
    read::OrUndecodable,
};

const DAMAGED: &str = "the WebP's pixels are damaged or truncated";

/// Decodes and discards the pixels.
pub(crate) fn verify(bytes: &[u8], frame: &Frame) -> Result<(), ImageError> {
    decode(bytes, frame).map(|_| ())
}

/// Decodes a still WebP to RGB, with alpha where anything may be transparent.
pub(crate) fn decode(bytes: &[u8], frame: &Frame) -> Result<Pixels, ImageError> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).or_undecodable(DAMAGED)?;
    decoder.set_memory_limit(bytes.len());
    // The decoder must allocate what was announced to the caller.
    if decoder.dimensions() != (frame.width, frame.height) || decoder.has_alpha() != frame.alpha {
        return Err(ImageError::Undecodable("the WebP's dimensions are inconsistent"));
    }
    let mut data = vec![0; decoder.output_buffer_size().or_undecodable("the WebP is too large")?];
    decoder.read_image(&mut data).or_undecodable(DAMAGED)?;
    let layout = if frame.alpha { Layout::Rgba } else { Layout::Rgb };
    Ok(Pixels { width: frame.width, height: frame.height, layout, sample_bytes: 1, data })
}

//! Rewrites a PNG with only the data that the picture needs; the pixels stay the same bit for bit.

use std::borrow::Cow;

use domain::ImageError;

use super::{
    chunks::{self, Chunk, Chunks, SIGNATURE},
    frame::Frame,
    header::Header,
    image_data, keep,
};
use crate::read::OrUndecodable;

/// A chunk that is also kept when the picture is re-encoded.
pub(crate) type ColourChunk<'a> = ([u8; 4], Cow<'a, [u8]>);

/// The chunks of a PNG.
#[derive(Default)]
struct Parts<'a> {
    colour: Vec<ColourChunk<'a>>,
    palette: Option<&'a [u8]>,
    transparency: Option<&'a [u8]>,
    image_data: Vec<&'a [u8]>,
    /// Data of the first frame that hides the default image, and how many frames have begun.
    frame_data: Vec<&'a [u8]>,
    frames: usize,
}

/// The clean bytes, and the chunks among them that define colours.
pub(crate) fn strip<'a>(
    bytes: &'a [u8],
    header: &Header,
) -> Result<(Vec<u8>, Vec<ColourChunk<'a>>), ImageError> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    out.extend_from_slice(SIGNATURE);
    let parts = Parts::collect(bytes, header, &mut out)?;
    for (name, data) in &parts.colour {
        chunks::write(*name, data, &mut out);
    }
    if let Some(palette) = parts.palette {
        chunks::write(*b"PLTE", palette, &mut out);
    }
    if let Some(transparency) = parts.transparency {
        chunks::write(*b"tRNS", transparency, &mut out);
    }
    let pieces = if header.frame.is_some() { &parts.frame_data } else { &parts.image_data };
    write_image_data(pieces, &header.of_picture(), &mut out)?;
    chunks::write(*b"IEND", &[], &mut out);
    // Significant bits do not apply to re-encoded samples.
    let colour = parts.colour.into_iter().filter(|(name, _)| name != b"sBIT").collect();
    Ok((out, colour))
}

impl<'a> Parts<'a> {
    /// Sorts the chunks by purpose; writes the header to `out`.
    fn collect(bytes: &'a [u8], header: &Header, out: &mut Vec<u8>) -> Result<Self, ImageError> {
        let mut parts = Self::default();
        let mut previous = *b"    ";
        for (index, chunk) in Chunks::new(bytes).enumerate() {
            let chunk = chunk?;
            match &chunk.name {
                b"IHDR" if index == 0 => write_header(chunk.data, header, out),
                b"PLTE" if parts.palette.is_none() && parts.image_data.is_empty() => {
                    parts.add_palette(&chunk, header)?;
                }
                b"IDAT" if parts.image_data.is_empty() || previous == *b"IDAT" => {
                    chunk.verify()?;
                    parts.image_data.push(chunk.data);
                }
                b"IEND" => {}
                b"fcTL" if !parts.image_data.is_empty() => parts.add_frame(&chunk, header),
                b"fdAT" if parts.frames == 1 => {
                    chunk.verify()?;
                    parts.frame_data.push(chunk.data.get(4..).or_undecodable("a PNG frame has no number")?);
                }
                _ if chunk.is_critical() => {
                    return Err(ImageError::Undecodable("the PNG has an unexpected critical chunk"));
                }
                _ if parts.image_data.is_empty() => parts.add_ancillary(&chunk, header),
                _ => {}
            }
            previous = chunk.name;
        }
        if header.colour == 3 && parts.palette.is_none() {
            return Err(ImageError::Undecodable("the PNG has no palette"));
        }
        let palette = parts.palette.map_or(0, |palette| palette.len() / 3);
        parts.transparency = parts.transparency.filter(|data| keep::transparency_fits(data, header, palette));
        Ok(parts)
    }

    fn add_palette(&mut self, chunk: &Chunk<'a>, header: &Header) -> Result<(), ImageError> {
        chunk.verify()?;
        if !(3..=768).contains(&chunk.data.len()) || !chunk.data.len().is_multiple_of(3) {
            return Err(ImageError::Undecodable("the PNG's palette has the wrong length"));
        }
        // With true colour a palette is only a suggestion, and with greyscale it is not allowed.
        self.palette = (header.colour == 3).then_some(chunk.data);
        Ok(())
    }

    fn add_ancillary(&mut self, chunk: &Chunk<'a>, header: &Header) {
        if chunk.name == *b"tRNS" && self.transparency.is_none() && chunk.is_intact() {
            self.transparency = Some(chunk.data);
        }
        if self.colour.iter().any(|(name, _)| *name == chunk.name) {
            return;
        }
        if let Some(data) = keep::colour_chunk(chunk, header).filter(|_| chunk.is_intact()) {
            self.colour.push((chunk.name, data));
        }
    }

    /// Counts the frames from the first valid one on, which the header has found as well.
    fn add_frame(&mut self, chunk: &Chunk, header: &Header) {
        let is_first = || chunk.is_intact() && Frame::read(chunk.data, header.width, header.height).is_some();
        if self.frames > 0 || header.frame.is_some() && is_first() {
            self.frames += 1;
        }
    }
}

/// Writes `IHDR`, with the dimensions of the picture.
fn write_header(data: &[u8], header: &Header, out: &mut Vec<u8>) {
    let picture = header.of_picture();
    let rest = data.get(8..).unwrap_or_default();
    let data = [&picture.width.to_be_bytes(), &picture.height.to_be_bytes(), rest].concat();
    chunks::write(*b"IHDR", &data, out);
}

/// Writes the data as one chunk, without what follows its zlib stream.
fn write_image_data(pieces: &[&[u8]], header: &Header, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let start = out.len();
    out.extend(b"\0\0\0\0IDAT");
    image_data::append(pieces, header, out)?;
    let written = u32::try_from(out.len() - start - 8).or_undecodable("the PNG's image data is too long")?;
    out[start..start + 4].copy_from_slice(&written.to_be_bytes());
    let checksum = chunks::checksum(*b"IDAT", &out[start + 8..]);
    out.extend(checksum.to_be_bytes());
    Ok(())
}

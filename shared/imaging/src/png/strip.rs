//! Rewrites a PNG with only the data that the picture needs; the pixels stay the same bit for bit.

use std::borrow::Cow;

use domain::ImageError;

use super::{
    chunks::{self, Chunk, Chunks, SIGNATURE},
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
    write_image_data(&parts.image_data, header, &mut out)?;
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
                b"IHDR" if index == 0 => chunks::write(*b"IHDR", chunk.data, out),
                b"PLTE" if parts.palette.is_none() && parts.image_data.is_empty() => {
                    parts.add_palette(&chunk, header)?;
                }
                b"IDAT" if parts.image_data.is_empty() || previous == *b"IDAT" => {
                    chunk.verify()?;
                    parts.image_data.push(chunk.data);
                }
                b"IEND" => chunk.verify()?,
                _ if chunk.is_critical() => {
                    return Err(ImageError::Undecodable("the PNG has an unexpected critical chunk"));
                }
                _ if parts.image_data.is_empty() => parts.add_ancillary(&chunk, header)?,
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

    fn add_ancillary(&mut self, chunk: &Chunk<'a>, header: &Header) -> Result<(), ImageError> {
        if chunk.name == *b"tRNS" && self.transparency.is_none() {
            chunk.verify()?;
            self.transparency = Some(chunk.data);
        }
        if self.colour.iter().any(|(name, _)| *name == chunk.name) {
            return Ok(());
        }
        if let Some(data) = keep::colour_chunk(chunk, header) {
            chunk.verify()?;
            self.colour.push((chunk.name, data));
        }
        Ok(())
    }
}

/// Writes the data as one chunk, without what follows its zlib stream.
fn write_image_data(pieces: &[&[u8]], header: &Header, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let start = out.len();
    out.extend(b"\0\0\0\0IDAT");
    out.extend(pieces.iter().copied().flatten());
    let length = image_data::measure(&out[start + 8..], header)?;
    out.truncate(start + 8 + length);
    let written = u32::try_from(length).or_undecodable("the PNG's image data is too long")?;
    out[start..start + 4].copy_from_slice(&written.to_be_bytes());
    let checksum = chunks::checksum(*b"IDAT", &out[start + 8..]);
    out.extend(checksum.to_be_bytes());
    Ok(())
}

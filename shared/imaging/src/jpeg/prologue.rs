//! The application segments that are kept: JFIF, Adobe, and the colour profile in its chunks.

use domain::ImageError;

use super::{
    colour::{self, Frame},
    segments::{APP0, APP2, APP14, SOI, SOS, Segments},
};
use crate::icc::{self, Colours};

const ICC: &[u8] = b"ICC_PROFILE\0";
/// Bytes of a profile in one segment: 65,535 minus length field, name and two counters (ICC.1:2022, B.4).
const ICC_CHUNK: usize = 65_535 - 2 - 14;

/// The segments before the frame.
#[derive(Default)]
pub(crate) struct Prologue<'a> {
    jfif: Option<&'a [u8]>,
    adobe: Option<&'a [u8]>,
    icc_chunks: Vec<(u8, u8, &'a [u8])>,
}

impl<'a> Prologue<'a> {
    /// Collects the segments up to the first scan.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let mut prologue = Self::default();
        let mut segments = Segments::new(bytes)?;
        loop {
            let segment = segments.next()?;
            match segment.marker {
                SOS => return Ok(prologue),
                APP0 if colour::is_jfif(segment.data) => {
                    prologue.jfif.get_or_insert(segment.data);
                }
                APP14 if colour::adobe_transform(segment.data).is_some() => {
                    prologue.adobe = Some(segment.data);
                }
                APP2 => prologue.icc_chunks.extend(icc_chunk(segment.data)),
                _ => {}
            }
        }
    }

    /// The colour profile, where its chunks are complete and it fits the pixels.
    pub(crate) fn profile(&self, colours: Colours) -> Option<Vec<u8>> {
        let count = u8::try_from(self.icc_chunks.len()).ok()?;
        let mut chunks = self.icc_chunks.clone();
        chunks.sort_unstable_by_key(|(number, ..)| *number);
        let complete =
            chunks.iter().zip(1..=count).all(|(chunk, number)| (chunk.0, chunk.1) == (number, count));
        let profile: Vec<u8> = chunks.iter().flat_map(|(.., data)| *data).copied().collect();
        (complete && icc::fits(&profile, colours)).then_some(profile)
    }

    /// Writes start marker, JFIF without thumbnail, the colour transform of `frame` and profile.
    pub(crate) fn write(&self, frame: &Frame, profile: Option<&[u8]>, out: &mut Vec<u8>) {
        out.extend([0xff, SOI]);
        if let Some(jfif) = self.jfif {
            // There is no version but 1. Units and densities are numbers; the thumbnail's two sides become
            // zero.
            write_segment(APP0, &[&jfif[..5], &[1], &jfif[6..12], &[0, 0]], out);
        }
        if let (Some(adobe), Some(transform)) = (self.adobe, frame.kept_transform()) {
            write_segment(APP14, &[&adobe[..11], &[transform]], out);
        }
        let chunks = profile.unwrap_or_default().chunks(ICC_CHUNK);
        let count = u8::try_from(chunks.len()).unwrap_or(u8::MAX);
        for (number, chunk) in (1..=count).zip(chunks) {
            write_segment(APP2, &[ICC, &[number, count], chunk], out);
        }
    }
}

/// Writes marker, length and data.
pub(crate) fn write_segment(marker: u8, parts: &[&[u8]], out: &mut Vec<u8>) {
    let length = 2 + parts.iter().map(|part| part.len()).sum::<usize>();
    let length = u16::try_from(length).expect("no part is longer than the segment that it came from");
    out.extend([0xff, marker]);
    out.extend(length.to_be_bytes());
    out.extend(parts.iter().copied().flatten());
}

fn icc_chunk(data: &[u8]) -> Option<(u8, u8, &[u8])> {
    match data.strip_prefix(ICC)? {
        [number, count, chunk @ ..] => Some((*number, *count, chunk)),
        _ => None,
    }
}

//! Walks the chunks of a WebP (RFC 9649, 2.3 to 2.7).

use domain::ImageError;

use crate::read::{self, OrUndecodable};

const TRUNCATED: &str = "the WebP is truncated";

/// A chunk without its padding.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) name: [u8; 4],
    pub(crate) data: &'a [u8],
}

/// The chunks one after the other; an error ends the walk.
struct Chunks<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.rest);
        let Some(chunk) = first(rest) else {
            return Some(Err(ImageError::Undecodable(TRUNCATED)));
        };
        // Some writers leave out the last byte of padding.
        let end = 8 + chunk.data.len().next_multiple_of(2);
        self.rest = rest.get(end..).unwrap_or_default();
        Some(Ok(chunk))
    }
}

fn first(bytes: &[u8]) -> Option<Chunk<'_>> {
    let length = usize::try_from(read::le32(bytes, 4)?).ok()?;
    Some(Chunk { name: read::array(bytes, 0)?, data: read::slice(bytes, 8, length)? })
}

/// The chunks of a WebP that matter, the first of each kind.
#[derive(Default)]
pub(crate) struct Parts<'a> {
    /// `VP8X`: flags and canvas.
    pub(crate) extended: Option<&'a [u8]>,
    pub(crate) profile: Option<&'a [u8]>,
    pub(crate) exif: Option<&'a [u8]>,
    /// The header of the first frame of an animation: offsets, sizes, duration, flags.
    pub(crate) animation_frame: Option<&'a [u8]>,
    pub(crate) alpha: Option<&'a [u8]>,
    /// `VP8 ` or `VP8L`.
    pub(crate) picture: Option<Chunk<'a>>,
}

impl<'a> Parts<'a> {
    /// Reads the whole container. Data after it is ignored.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let length =
            read::le32(bytes, 4).and_then(|length| usize::try_from(length).ok()).or_undecodable(TRUNCATED)?;
        let body = length.checked_sub(4).or_undecodable(TRUNCATED)?;
        // Neither libwebp nor Chromium shows such a file.
        let body = read::slice(bytes, 12, body)
            .or_undecodable("the WebP is truncated, or its container has the wrong size")?;
        let mut parts = Self::default();
        for chunk in (Chunks { rest: body }) {
            parts.add(chunk?)?;
        }
        Ok(parts)
    }

    fn add(&mut self, chunk: Chunk<'a>) -> Result<(), ImageError> {
        match &chunk.name {
            b"VP8X" => _ = self.extended.get_or_insert(chunk.data),
            b"ICCP" => _ = self.profile.get_or_insert(chunk.data),
            b"EXIF" => _ = self.exif.get_or_insert(chunk.data),
            b"ANMF" if self.animation_frame.is_none() && self.picture.is_none() => {
                let (header, rest) = chunk.data.split_at_checked(16).or_undecodable(TRUNCATED)?;
                self.animation_frame = Some(header);
                for chunk in (Chunks { rest }) {
                    self.add_picture(chunk?);
                }
            }
            _ if self.animation_frame.is_none() => self.add_picture(chunk),
            _ => {}
        }
        Ok(())
    }

    fn add_picture(&mut self, chunk: Chunk<'a>) {
        match &chunk.name {
            b"ALPH" if self.picture.is_none() => _ = self.alpha.get_or_insert(chunk.data),
            b"VP8 " | b"VP8L" => _ = self.picture.get_or_insert(chunk),
            _ => {}
        }
    }
}

/// Writes a chunk with its padding.
pub(crate) fn write(name: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(data.len()).expect("chunks are smaller than the input");
    out.extend(name);
    out.extend(length.to_le_bytes());
    out.extend_from_slice(data);
    out.resize(out.len().next_multiple_of(2), 0);
}

//! Walks the chunks of a PNG (5.3).

use domain::ImageError;

use crate::read::{self, OrUndecodable};

/// The signature of every PNG (5.2).
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

const TRUNCATED: &str = "the PNG is truncated";

/// A chunk with its checksum, not yet verified.
#[derive(Clone, Copy)]
pub(crate) struct Chunk<'a> {
    pub(crate) name: [u8; 4],
    pub(crate) data: &'a [u8],
    crc: u32,
}

impl Chunk<'_> {
    /// Whether name and data match the checksum. An ancillary chunk that does not is ignored, as by libpng and browsers.
    pub(crate) fn is_intact(&self) -> bool {
        checksum(self.name, self.data) == self.crc
    }

    /// Fails where name and data do not match the checksum.
    pub(crate) fn verify(&self) -> Result<(), ImageError> {
        if self.is_intact() { Ok(()) } else { Err(ImageError::Undecodable("a PNG checksum does not match")) }
    }

    /// Whether decoders that do not support it must refuse the image (5.4: upper-case first letter).
    pub(crate) fn is_critical(&self) -> bool {
        self.name[0].is_ascii_uppercase()
    }
}

/// The chunks in order, up to and including `IEND`.
///
/// An incomplete one ends the walk. It is an error only before the image data: whether that is whole is known from its
/// rows, and what follows it is not needed.
pub(crate) struct Chunks<'a> {
    rest: Option<&'a [u8]>,
    has_image_data: bool,
}

impl<'a> Chunks<'a> {
    /// After the signature of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes.get(SIGNATURE.len()..), has_image_data: false }
    }
}

impl<'a> Iterator for Chunks<'a> {
    type Item = Result<Chunk<'a>, ImageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let Some((chunk, rest)) = split(rest) else {
            return (!self.has_image_data).then(|| None.or_undecodable(TRUNCATED));
        };
        self.has_image_data |= chunk.name == *b"IDAT";
        self.rest = (chunk.name != *b"IEND").then_some(rest);
        Some(Ok(chunk))
    }
}

fn split(bytes: &[u8]) -> Option<(Chunk<'_>, &[u8])> {
    let length = usize::try_from(read::be32(bytes, 0)?).ok()?;
    let name = read::array(bytes, 4)?;
    let data = read::slice(bytes, 8, length)?;
    let crc = read::be32(bytes, 8 + length)?;
    Some((Chunk { name, data, crc }, &bytes[12 + length..]))
}

/// Writes a chunk.
pub(crate) fn write(name: [u8; 4], data: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(data.len()).expect("chunks are smaller than the input");
    out.extend(length.to_be_bytes());
    out.extend(name);
    out.extend_from_slice(data);
    out.extend(checksum(name, data).to_be_bytes());
}

/// CRC-32 over name and data (5.3).
pub(crate) fn checksum(name: [u8; 4], data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&name);
    hasher.update(data);
    hasher.finalize()
}

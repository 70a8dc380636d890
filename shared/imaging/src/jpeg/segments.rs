//! Walks the marker segments of a JPEG (ITU T.81, B.1.1).

use domain::ImageError;
use memchr::memchr;

use crate::read::{self, OrUndecodable};

pub(crate) const SOI: u8 = 0xd8;
pub(crate) const EOI: u8 = 0xd9;
pub(crate) const SOS: u8 = 0xda;
pub(crate) const DQT: u8 = 0xdb;
pub(crate) const DHT: u8 = 0xc4;
pub(crate) const DNL: u8 = 0xdc;
pub(crate) const DRI: u8 = 0xdd;
pub(crate) const APP0: u8 = 0xe0;
pub(crate) const APP1: u8 = 0xe1;
pub(crate) const APP2: u8 = 0xe2;
pub(crate) const APP14: u8 = 0xee;
pub(crate) const APP15: u8 = 0xef;
pub(crate) const COM: u8 = 0xfe;

const TRUNCATED: &str = "the JPEG is truncated";

/// A marker and its data, without the length field. `SOI` and `EOI` have no data.
pub(crate) struct Segment<'a> {
    pub(crate) marker: u8,
    pub(crate) data: &'a [u8],
}

/// A position in a JPEG.
#[derive(Clone)]
pub(crate) struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    /// After the `SOI` of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, ImageError> {
        match bytes {
            [0xff, SOI, ..] => Ok(Self { bytes, at: 2 }),
            _ => Err(ImageError::Undecodable("the JPEG does not begin with a start-of-image marker")),
        }
    }

    /// The next segment. Fill bytes and garbage between segments are skipped.
    pub(crate) fn next(&mut self) -> Result<Segment<'a>, ImageError> {
        let marker = self.next_marker()?;
        if matches!(marker, SOI | EOI) {
            return Ok(Segment { marker, data: &[] });
        }
        let length = usize::from(read::be16(self.bytes, self.at).or_undecodable(TRUNCATED)?);
        let length =
            length.checked_sub(2).or_undecodable("a JPEG segment is shorter than its length field")?;
        let data = read::slice(self.bytes, self.at + 2, length).or_undecodable(TRUNCATED)?;
        self.at += 2 + length;
        Ok(Segment { marker, data })
    }

    /// Copies the entropy-coded data that follows a scan header, up to the next marker that is not a restart,
    /// or to the end of a file that has none.
    pub(crate) fn copy_scan(&mut self, out: &mut Vec<u8>) {
        let mut start = self.at;
        loop {
            let found = memchr(0xff, &self.bytes[self.at..]).map(|found| self.at + found);
            let fill_start = found.unwrap_or(self.bytes.len());
            let after = self.after_fill(fill_start).unwrap_or(self.bytes.len());
            let code = self.bytes.get(after);
            if !matches!(code, Some(0 | 0xd0..=0xd7)) {
                out.extend_from_slice(&self.bytes[start..fill_start]);
                self.at = fill_start;
                return;
            }
            if after > fill_start + 1 {
                out.extend_from_slice(&self.bytes[start..=fill_start]);
                start = after;
            }
            self.at = after + 1;
        }
    }

    fn next_marker(&mut self) -> Result<u8, ImageError> {
        loop {
            let rest = self.bytes.get(self.at..).or_undecodable(TRUNCATED)?;
            let after = self.after_fill(self.at + memchr(0xff, rest).or_undecodable(TRUNCATED)?)?;
            self.at = after + 1;
            if self.bytes[after] != 0 {
                return Ok(self.bytes[after]);
            }
        }
    }

    /// The position of the first byte after the run of 0xFF at `at`.
    fn after_fill(&self, at: usize) -> Result<usize, ImageError> {
        let run = self.bytes[at..].iter().position(|byte| *byte != 0xff).or_undecodable(TRUNCATED)?;
        Ok(at + run)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fill_bytes_and_garbage_are_skipped() {
        let bytes = b"\xff\xd8\xff\xff\xfe\0\x03xgarbage\xff\0\xff\xd9<html>";
        let mut segments = Segments::new(bytes).unwrap();
        let comment = segments.next().unwrap();
        assert_eq!((comment.marker, comment.data), (COM, b"x".as_slice()));
        assert_eq!(segments.next().unwrap().marker, EOI);
    }

    #[test]
    fn a_scan_keeps_stuffing_and_restarts_and_loses_fill() {
        let mut segments = Segments { bytes: b"ab\xff\0c\xff\xd0d\xff\xff\xd1e\xff\xff\xd9", at: 0 };
        let mut out = Vec::new();
        segments.copy_scan(&mut out);
        assert_eq!(out, b"ab\xff\0c\xff\xd0d\xff\xd1e");
        assert_eq!(segments.next().unwrap().marker, EOI);
    }

    #[test]
    fn truncated_segments_are_refused() {
        for bytes in [
            b"\xff\xd8".as_slice(),
            b"\xff\xd8\xff",
            b"\xff\xd8\xff\xe0",
            b"\xff\xd8\xff\xe0\0\x09abc",
            b"\xff\xd8\xff\xe0\0\x01",
        ] {
            assert!(Segments::new(bytes).unwrap().next().is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn a_scan_without_a_marker_behind_it_goes_to_the_end() {
        for (bytes, copied) in [
            (b"".as_slice(), b"".as_slice()),
            (b"abc", b"abc"),
            (b"abc\xff", b"abc"),
            (b"abc\xff\xff", b"abc"),
            (b"abc\xff\0", b"abc\xff\0"),
        ] {
            let (mut segments, mut out) = (Segments { bytes, at: 0 }, Vec::new());
            segments.copy_scan(&mut out);
            assert_eq!(out, copied, "{bytes:?}");
            assert!(segments.next().is_err(), "{bytes:?}");
        }
    }
}

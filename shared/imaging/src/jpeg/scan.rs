//! Scan headers (ITU T.81, B.2.3).

use domain::ImageError;

use super::colour::{Component, Frame};
use crate::read::OrUndecodable;

const DAMAGED: &str = "the JPEG's scan header is damaged";

/// The header of one scan.
pub(crate) struct Scan {
    pub(crate) parts: Vec<Part>,
    pub(crate) codes: Codes,
}

/// A component in a scan, and the slots of its Huffman tables.
pub(crate) struct Part {
    pub(crate) component: Component,
    pub(crate) dc: u8,
    pub(crate) ac: u8,
}

/// Which Huffman tables the blocks of a scan are coded with (G.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Whole blocks, in a sequential frame.
    DcAndAc,
    Dc,
    Ac,
    /// One bit more of each first coefficient, which no table codes.
    Bits,
}

impl Scan {
    /// Reads the segment of a scan.
    pub(crate) fn parse(data: &[u8], frame: &Frame) -> Result<Self, ImageError> {
        let (&count, rest) = data.split_first().or_undecodable(DAMAGED)?;
        let (specs, range) = rest.split_at_checked(2 * usize::from(count)).or_undecodable(DAMAGED)?;
        let &[start, _, approximation] = range else { return Err(ImageError::Undecodable(DAMAGED)) };
        let parts: Option<Vec<_>> = specs.chunks_exact(2).map(|spec| Part::parse(spec, frame)).collect();
        let parts = parts.filter(|parts| !parts.is_empty()).or_undecodable(DAMAGED)?;
        let codes = match (frame.progressive, start, approximation >> 4) {
            (false, ..) => Codes::DcAndAc,
            (true, 0, 0) => Codes::Dc,
            (true, 0, _) => Codes::Bits,
            (true, ..) => Codes::Ac,
        };
        Ok(Self { parts, codes })
    }
}

impl Part {
    fn parse(spec: &[u8], frame: &Frame) -> Option<Self> {
        let component = *frame.components.iter().find(|component| component.id == spec[0])?;
        Some(Self { component, dc: spec[1] >> 4, ac: spec[1] & 15 })
    }
}

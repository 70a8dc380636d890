//! Scan headers (ITU T.81, B.2.3).

use domain::ImageError;

use super::colour::{Component, Frame};
use crate::read::OrUndecodable;

const DAMAGED: &str = "the JPEG's scan header is damaged";

/// The header of one scan.
pub(crate) struct Scan {
    pub(crate) parts: Vec<Part>,
    pub(crate) codes: Codes,
    /// First and last coefficient, and the successive approximation: missing low bits before (high nibble)
    /// and after.
    pub(crate) range: [u8; 3],
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
        let &[start, end, approximation] = range else { return Err(ImageError::Undecodable(DAMAGED)) };
        let mut parts: Vec<Part> = Vec::new();
        for spec in specs.chunks_exact(2) {
            let component = find(spec[0], &parts, frame).or_undecodable(DAMAGED)?;
            parts.push(Part { component, dc: spec[1] >> 4, ac: spec[1] & 15 });
        }
        if parts.is_empty() || start > 63 || end > 63 || start > end && frame.is_progressive() {
            return Err(ImageError::Undecodable(DAMAGED));
        }
        let codes = match (frame.is_progressive(), start, approximation >> 4) {
            (false, ..) => Codes::DcAndAc,
            (true, 0, 0) => Codes::Dc,
            (true, 0, _) => Codes::Bits,
            (true, ..) => Codes::Ac,
        };
        // A sequential scan has one range; some writers leave zeros there.
        let range = if codes == Codes::DcAndAc { [0, 63, 0] } else { [start, end, approximation] };
        Ok(Self { parts, codes, range })
    }

    /// The segment's data as it is kept: slots that no code of the scan uses are zero.
    pub(crate) fn data(&self) -> Vec<u8> {
        let mut data = vec![u8::try_from(self.parts.len()).expect("at most 4")];
        for Part { component, dc, ac } in &self.parts {
            let slots = match self.codes {
                Codes::DcAndAc => dc << 4 | ac,
                Codes::Dc => dc << 4,
                Codes::Ac => *ac,
                Codes::Bits => 0,
            };
            data.extend([component.kept_id, slots]);
        }
        data.extend(self.range);
        data
    }
}

/// The component with this id, as libjpeg finds it (`get_sos` in jdmarker.c): where several have it, the
/// first whose index is not below the position in the scan.
fn find(id: u8, parts: &[Part], frame: &Frame) -> Option<Component> {
    let component =
        *frame.components.iter().find(|component| component.id == id && component.index >= parts.len())?;
    let is_new = parts.iter().all(|part| part.component.index != component.index);
    is_new.then_some(component)
}

//! How complete a picture is after each scan (ITU T.81, G.1.1).

use domain::ImageError;

use super::{
    colour::{Component, Frame},
    scan::{Codes, Scan},
};

/// Encoders write up to 10, and the finest progression of three components some 30. Each costs a pass over
/// the picture, however small the scan is. Chromium has the same limit: it stops at the 100th.
pub(crate) const MAX_SCANS: usize = 99;

const BAD_SCAN_ORDER: &str = "the JPEG's scans are in an invalid order";

/// What is known of each coefficient so far.
pub(crate) struct Progress {
    pub(crate) scans: usize,
    /// By component: how many low bits of each coefficient are missing; `None` before its first scan.
    missing: Vec<[Option<u8>; 64]>,
}

impl Progress {
    pub(crate) fn new(frame: &Frame) -> Self {
        Self { scans: 0, missing: vec![[None; 64]; frame.components.len()] }
    }

    /// Counts a scan. Returns the components that it begins, whose quantisation tables apply from here on.
    pub(crate) fn add(&mut self, scan: &Scan) -> Result<Vec<Component>, ImageError> {
        self.scans += 1;
        if self.scans > MAX_SCANS {
            return Err(ImageError::Undecodable("the JPEG has too many scans"));
        }
        let mut begun = Vec::new();
        for component in scan.parts.iter().map(|part| part.component) {
            let missing = &mut self.missing[component.index];
            if missing[0].is_none() {
                begun.push(component);
            } else if scan.codes == Codes::DcAndAc {
                // Decoders differ here: such a scan can only hide something.
                return Err(ImageError::Undecodable("the JPEG has a duplicate component"));
            }
            advance(missing, scan)?;
        }
        Ok(begun)
    }

    /// Whether no bit of any coefficient is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.missing.iter().flatten().all(|missing| *missing == Some(0))
    }

    /// Fails unless each component has had a scan. Coefficients that a progressive picture leaves out are
    /// zero.
    pub(crate) fn check_begun(&self) -> Result<(), ImageError> {
        if self.missing.iter().all(|missing| missing[0].is_some()) {
            return Ok(());
        }
        Err(ImageError::Undecodable("the JPEG is truncated: a component is missing"))
    }
}

/// As libjpeg checks it (`start_pass_phuff_decoder` in jdphuff.c).
fn advance(missing: &mut [Option<u8>; 64], scan: &Scan) -> Result<(), ImageError> {
    let [first, last, approximation] = scan.range;
    let (before, after) = (approximation >> 4, approximation & 15);
    if first > 0 && missing[0].is_none() {
        return Err(ImageError::Undecodable(BAD_SCAN_ORDER));
    }
    for coefficient in &mut missing[usize::from(first)..=usize::from(last)] {
        if coefficient.unwrap_or(0) != before {
            return Err(ImageError::Undecodable(BAD_SCAN_ORDER));
        }
        *coefficient = Some(after);
    }
    Ok(())
}

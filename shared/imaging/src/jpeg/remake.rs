//! Which JPEGs were decoded to wrong pixels without an error by zune-jpeg 0.5.15, which made renditions
//! before.

use domain::ImageError;

use super::{header::Header, prologue::Prologue, strip};
use crate::icc;

impl Header {
    /// See [`crate::Inspected::was_rendered_wrong`].
    pub(crate) fn was_rendered_wrong(&self, bytes: &[u8]) -> Result<bool, ImageError> {
        let frame = &self.frame;
        let [luma, chromas @ ..] = frame.components.as_slice() else { return Ok(false) };
        let comes_apart = !frame.is_progressive() && self.first_scan != frame.components.len();
        let is_below = chromas.iter().any(|c| c.horizontal > luma.horizontal || c.vertical > luma.vertical);
        if comes_apart || is_below || frame.has_contradictory_markers() {
            return Ok(true);
        }
        let profile = Prologue::read(bytes)?.profile(strip::colours_of_profile(frame));
        Ok(!frame.has_inks() && profile.is_some_and(|profile| icc::has_tables(&profile)))
    }
}

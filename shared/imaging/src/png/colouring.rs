//! The colour space of a PNG: the first usable one of `cICP`, `iCCP`, `sRGB`, `cHRM` with `gAMA` (4.3,
//! 13.13).

use std::io::Cursor;

use domain::ImageError;
use png::{Decoder, Info};

use super::{decode::LIMITS, header::Header};
use crate::{
    icc::{self, Colours},
    read::OrUndecodable,
    square::Colouring,
};

/// White point, red, green and blue of sRGB, used where only a `gAMA` is given.
const SRGB: [(f64, f64); 4] = [(0.3127, 0.3290), (0.64, 0.33), (0.30, 0.60), (0.15, 0.06)];

/// The code points of ITU-T H.273 that are converted. Those of HDR (16 and 18) are left out: they exceed the
/// range of sRGB.
const PRIMARIES: [u8; 9] = [1, 4, 5, 6, 7, 9, 11, 12, 22];
const TRANSFERS: [u8; 8] = [1, 4, 5, 6, 8, 13, 14, 15];

impl Header {
    /// See [`crate::Inspected::was_rendered_wrong`].
    pub(crate) fn was_rendered_wrong(&self, bytes: &[u8]) -> Result<bool, ImageError> {
        let decoder = Decoder::new_with_limits(Cursor::new(bytes), LIMITS);
        let reader = decoder.read_info().or_undecodable("the PNG's header is damaged")?;
        Ok(match colouring(reader.info(), self.colours_of_profile()) {
            Colouring::Srgb => false,
            Colouring::Icc(profile) => icc::has_tables(&profile),
            Colouring::CodePoints { .. } | Colouring::Measured { .. } => true,
        })
    }

    /// The colours that a profile must have.
    pub(crate) fn colours_of_profile(&self) -> Colours {
        if matches!(self.colour, 0 | 4) { Colours::Grey } else { Colours::Rgb }
    }
}

/// The colour space that `info` describes. `colours` are those that a profile must have.
pub(crate) fn colouring(info: &Info, colours: Colours) -> Colouring {
    code_points(info)
        .or_else(|| profile(info, colours))
        .or_else(|| info.srgb.map(|_| Colouring::Srgb))
        .or_else(|| measured(info))
        .unwrap_or(Colouring::Srgb)
}

fn code_points(info: &Info) -> Option<Colouring> {
    let points = info.coding_independent_code_points?;
    let (primaries, transfer) = (points.color_primaries, points.transfer_function);
    let is_rgb = points.matrix_coefficients == 0 && points.is_video_full_range_image;
    let is_known = PRIMARIES.contains(&primaries) && TRANSFERS.contains(&transfer);
    (is_rgb && is_known).then_some(match (primaries, transfer) {
        (1, 13) => Colouring::Srgb,
        _ => Colouring::CodePoints { primaries, transfer },
    })
}

fn profile(info: &Info, colours: Colours) -> Option<Colouring> {
    let profile = info.icc_profile.as_deref().filter(|profile| icc::fits(profile, colours))?;
    Some(Colouring::Icc(profile.to_vec()))
}

/// As Chromium reads them: sRGB's value replaces the missing one of the two.
fn measured(info: &Info) -> Option<Colouring> {
    let exponent = info
        .gama_chunk
        .map(png::ScaledFloat::into_value)
        .filter(|gamma| *gamma > 0.0)
        .map(|gamma| 1.0 / gamma);
    let chromaticities = info.chrm_chunk.map(|chromaticities| {
        [chromaticities.white, chromaticities.red, chromaticities.green, chromaticities.blue]
            .map(|(x, y)| (f64::from(x.into_value()), f64::from(y.into_value())))
    });
    if exponent.is_none() && chromaticities.is_none() {
        return None;
    }
    Some(Colouring::Measured { chromaticities: chromaticities.unwrap_or(SRGB), exponent })
}

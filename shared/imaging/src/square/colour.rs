//! Colours become sRGB (IEC 61966-2-1), so that no profile needs to be sent along.

use std::panic::{AssertUnwindSafe, catch_unwind};

use qcms::{CIE_xyY, CIE_xyYTRIPLE, DataType, Intent, Profile, Transform};

use crate::icc::{self, Colours};

/// A longer profile than any camera, screen or scanner has counts as sRGB: its tables take memory.
const MAX_PROFILE_BYTES: usize = 1024 * 1024;

/// Profiles with tables are used, too.
const CURVES_ONLY: bool = false;

/// Entries of a curve: as many as qcms has in its own.
const CURVE_ENTRIES: u16 = 1024;

/// The colour space of a picture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Colouring {
    Srgb,
    /// A colour profile for grey pixels or for colours, whichever they are.
    Icc(Vec<u8>),
    /// Code points of ITU-T H.273: primaries and transfer function.
    CodePoints {
        primaries: u8,
        transfer: u8,
    },
    /// White point, red, green and blue on the chromaticity diagram, and the exponent from samples to light;
    /// sRGB's curve where it is not given.
    Measured {
        chromaticities: [(f64, f64); 4],
        exponent: Option<f32>,
    },
}

/// Converts RGBA. A description that cannot be used counts as sRGB: the picture is worth more than its exact
/// colours.
pub(crate) fn convert_to_srgb(rgba: &mut Vec<u8>, colouring: &Colouring) {
    // As with the decoders: third-party code on hostile input.
    if let Ok(Some(converted)) = catch_unwind(AssertUnwindSafe(|| converted(rgba, colouring))) {
        *rgba = converted;
    }
}

fn converted(rgba: &[u8], colouring: &Colouring) -> Option<Vec<u8>> {
    let (source, layout) = profile(colouring)?;
    let transform =
        Transform::new_to(&source, &Profile::new_sRGB(), layout, DataType::RGBA8, Intent::Perceptual)?;
    if layout == DataType::GrayA8 {
        let greys: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[3]]).collect();
        let mut converted = vec![0; rgba.len()];
        transform.convert(&greys, &mut converted);
        return Some(converted);
    }
    let mut converted = rgba.to_vec();
    transform.apply(&mut converted);
    Some(converted)
}

/// The profile, and the pixels that it is for.
fn profile(colouring: &Colouring) -> Option<(Box<Profile>, DataType)> {
    match colouring {
        Colouring::Srgb => None,
        Colouring::Icc(profile) if profile.len() > MAX_PROFILE_BYTES => None,
        Colouring::Icc(profile) => {
            let layout = if icc::fits(profile, Colours::Grey) { DataType::GrayA8 } else { DataType::RGBA8 };
            Some((Profile::new_from_slice(profile, CURVES_ONLY)?, layout))
        }
        Colouring::CodePoints { primaries, transfer } => {
            Some((Profile::new_cicp((*primaries).into(), (*transfer).into())?, DataType::RGBA8))
        }
        Colouring::Measured { chromaticities, exponent } => {
            let [white, red, green, blue] = chromaticities.map(|(x, y)| CIE_xyY { x, y, Y: 1.0 });
            let primaries = CIE_xyYTRIPLE { red, green, blue };
            let profile = match *exponent {
                Some(exponent) => {
                    Profile::new_rgb_with_table(white, primaries, &curve(|sample| sample.powf(exponent)))?
                }
                None => Profile::new_rgb_with_table(white, primaries, &curve(srgb_to_light))?,
            };
            Some((profile, DataType::RGBA8))
        }
    }
}

fn curve(to_light: impl Fn(f32) -> f32) -> Vec<u16> {
    let last = f32::from(CURVE_ENTRIES - 1);
    (0..CURVE_ENTRIES).map(|entry| scaled(to_light(f32::from(entry) / last))).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and a cast saturates")]
fn scaled(light: f32) -> u16 {
    (light.clamp(0.0, 1.0) * 65_535.0).round() as u16
}

fn srgb_to_light(sample: f32) -> f32 {
    if sample <= 0.040_45 { sample / 12.92 } else { ((sample + 0.055) / 1.055).powf(2.4) }
}

//! Colours become sRGB (IEC 61966-2-1), so that no profile needs to be sent along.

use std::panic::{AssertUnwindSafe, catch_unwind};

use qcms::{DataType, Intent, Profile, Transform};

use crate::icc::{self, Colours};

/// Matrices and curves are what cameras and screens have. Tables, of presses and scanners, are left alone.
const CURVES_ONLY: bool = true;

/// Curves are short. What is longer holds tables.
const MAX_PROFILE_BYTES: usize = 512 * 1024;

/// Converts RGBA from `profile`. One that cannot be used counts as sRGB: the picture is worth more than its exact
/// colours.
pub(crate) fn convert_to_srgb(rgba: &mut [u8], profile: &[u8]) {
    if profile.len() > MAX_PROFILE_BYTES {
        return;
    }
    // As with the decoders: other people's code on hostile input.
    let transform = catch_unwind(AssertUnwindSafe(|| transform(profile)));
    let Ok(Some((transform, source))) = transform else { return };
    match source {
        DataType::GrayA8 => {
            let greys: Vec<u8> = rgba.chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[3]]).collect();
            transform.convert(&greys, rgba);
        }
        _ => transform.apply(rgba),
    }
}

fn transform(profile: &[u8]) -> Option<(Transform, DataType)> {
    let source = if icc::fits(profile, Colours::Grey) { DataType::GrayA8 } else { DataType::RGBA8 };
    let profile = Profile::new_from_slice(profile, CURVES_ONLY)?;
    let srgb = Profile::new_sRGB();
    let transform = Transform::new_to(&profile, &srgb, source, DataType::RGBA8, Intent::Perceptual)?;
    Some((transform, source))
}

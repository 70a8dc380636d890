//! Encodes pixels as JPEG, small enough to be kept.

use crate::orientation::Orientation;
use domain::{Image, ImageError};
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr};

use crate::{
    capped::Capped,
    pixels::{Layout, Pixels},
    upright::Upright,
};

/// Qualities of libjpeg's scale that are tried at each size.
const QUALITIES: [u8; 3] = [90, 80, 70];
/// How many times the sides are halved before giving up: 8,192 pixels become 512.
const MAX_HALVINGS: usize = 4;

/// Encodes `pixels` upright, at lower quality and then at half the size until they fit.
///
/// `pixels` (grey, `YCbCr` or RGB, 8 bits) are scaled down in place. A profile that does not fit into
/// segments is left out.
pub(crate) fn encode(
    pixels: &mut Pixels,
    orientation: Orientation,
    profile: Option<&[u8]>,
    subsampled: bool,
) -> Result<Vec<u8>, ImageError> {
    for halvings in 0..=MAX_HALVINGS {
        if halvings > 0 {
            pixels.halve();
        }
        for quality in QUALITIES {
            if let Some(encoded) = try_encode(pixels, orientation, profile, subsampled, quality) {
                return Ok(encoded);
            }
        }
    }
    Err(ImageError::TooLargeToKeep { max_bytes: Image::MAX_BYTES })
}

/// Encodes `pixels` upright at one quality; `None` if the result is too large.
pub(crate) fn try_encode(
    pixels: &Pixels,
    orientation: Orientation,
    profile: Option<&[u8]>,
    subsampled: bool,
    quality: u8,
) -> Option<Vec<u8>> {
    let mut out = Capped::new(pixels.data.len());
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(if subsampled { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).ok()?;
    }
    let rows = Rows { upright: Upright::new(pixels, orientation), layout: pixels.layout };
    encoder.encode_image(rows).ok()?;
    Some(out.into_bytes())
}

/// Feeds the encoder row by row.
struct Rows<'a> {
    upright: Upright<'a>,
    layout: Layout,
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.layout {
            Layout::Luma | Layout::LumaAlpha => JpegColorType::Luma,
            Layout::YCbCr | Layout::Rgb | Layout::Rgba | Layout::Rgbx => JpegColorType::Ycbcr,
        }
    }

    fn width(&self) -> u16 {
        u16::try_from(self.upright.width).expect("sides are limited")
    }

    fn height(&self) -> u16 {
        u16::try_from(self.upright.height).expect("sides are limited")
    }

    fn fill_buffers(&self, y: u16, [first, second, third, _]: &mut [Vec<u8>; 4]) {
        let row = self.upright.row(u32::from(y));
        match self.layout {
            Layout::Luma | Layout::LumaAlpha => first.extend(row.map(|pixel| pixel[0])),
            Layout::YCbCr => row.for_each(|pixel| {
                first.push(pixel[0]);
                second.push(pixel[1]);
                third.push(pixel[2]);
            }),
            Layout::Rgb | Layout::Rgba | Layout::Rgbx => row.for_each(|pixel| {
                let (luma, blue, red) = rgb_to_ycbcr(pixel[0], pixel[1], pixel[2]);
                first.push(luma);
                second.push(blue);
                third.push(red);
            }),
        }
    }
}

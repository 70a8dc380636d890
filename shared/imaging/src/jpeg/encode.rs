//! Encodes pixels as JPEG, small enough to be kept.

use crate::orientation::Orientation;
use domain::ImageError;
use jpeg_encoder::{
    ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr,
};

use crate::{
    capped::Capped,
    pixels::{Layout, Pixels},
    upright::Upright,
};

/// Qualities of libjpeg's scale that are tried at each size.
const QUALITIES: [u8; 3] = [90, 80, 70];
/// How many times the sides are halved before giving up: 16,384 pixels become 1,024.
const MAX_HALVINGS: usize = 4;

/// A decoded picture that can be encoded upright.
pub(crate) trait Picture {
    /// What it takes, in bytes.
    fn raw_bytes(&self) -> usize;

    /// Halves both sides, in place.
    fn halve(&mut self);

    /// Its rows as they are seen.
    fn rows(&self, orientation: Orientation) -> impl ImageBuffer;
}

/// Encodes `picture` upright, at lower quality and then at half the size until it fits.
///
/// It is scaled down in place. A profile that does not fit into segments is left out.
pub(crate) fn encode(
    picture: &mut impl Picture,
    orientation: Orientation,
    profile: Option<&[u8]>,
    subsampled: bool,
    max_bytes: usize,
) -> Result<Vec<u8>, ImageError> {
    for halvings in 0..=MAX_HALVINGS {
        if halvings > 0 {
            picture.halve();
        }
        for quality in QUALITIES {
            if let Some(encoded) = try_encode(picture, orientation, profile, subsampled, quality, max_bytes) {
                return Ok(encoded);
            }
        }
    }
    Err(ImageError::TooLargeToKeep { max_bytes })
}

/// Encodes `picture` upright at one quality; `None` if the result is too large.
pub(crate) fn try_encode(
    picture: &impl Picture,
    orientation: Orientation,
    profile: Option<&[u8]>,
    subsampled: bool,
    quality: u8,
    max_bytes: usize,
) -> Option<Vec<u8>> {
    let mut out = Capped::new(picture.raw_bytes(), max_bytes);
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(if subsampled { SamplingFactor::F_2_2 } else { SamplingFactor::F_1_1 });
    // As libjpeg does, and not one pixel of four.
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).ok()?;
    }
    encoder.encode_image(picture.rows(orientation)).ok()?;
    Some(out.into_bytes())
}

/// Grey, `YCbCr` or RGB, 8 bits a sample; alpha is ignored.
impl Picture for Pixels {
    fn raw_bytes(&self) -> usize {
        self.data.len()
    }

    fn halve(&mut self) {
        self.halve();
    }

    fn rows(&self, orientation: Orientation) -> impl ImageBuffer {
        Rows { upright: Upright::new(self, orientation), layout: self.layout }
    }
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

//! Limits on the size of an image.

use domain::ImageError;

/// Maximum pixels on a side.
pub const MAX_SIDE: u32 = 16_384;

/// Maximum pixels in total.
pub const MAX_PIXELS: u64 = 64_000_000;

/// Refuses an image with no pixels or too many, before anything is decoded.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), ImageError> {
    if width == 0 || height == 0 {
        return Err(ImageError::Undecodable("the image has no pixels"));
    }
    if width > MAX_SIDE || height > MAX_SIDE || pixels(width, height) > MAX_PIXELS {
        return Err(ImageError::TooManyPixels { width, height });
    }
    Ok(())
}

/// Width times height.
pub(crate) fn pixels(width: u32, height: u32) -> u64 {
    u64::from(width) * u64::from(height)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_and_area_are_limited() {
        for (width, height, fits) in [
            (1, 1, true),
            (16_384, 3_906, true),
            (16_384, 3_907, false),
            (16_385, 1, false),
            (1, 16_385, false),
            (20_000, 20_000, false),
            (u32::MAX, u32::MAX, false),
            (0, 1, false),
        ] {
            assert_eq!(check_size(width, height).is_ok(), fits, "{width} x {height}");
        }
    }
}

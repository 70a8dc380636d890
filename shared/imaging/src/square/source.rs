//! A decoded picture, to be made a square.

use crate::orientation::Orientation;

use super::{CentreCrop, Colouring, Size, Square, centre_crop, colour, fit};
use crate::{
    pixels::{Layout, Pixels},
    upright::Upright,
};

/// Squares, and their encoded forms.
pub(super) const SQUARES: u64 = 4 * 1024 * 1024;

/// The colour transform or the encoders. libwebp, which allocates outside of Rust, takes most: 8,092 KiB were
/// measured for noise with noisy alpha.
pub(super) const TOOLS: u64 = 8 * 1024 * 1024;

/// Pixels with orientation and colour space.
pub(crate) struct Source {
    /// RGB, RGBA, or RGBA known to be opaque; 8 bits a sample.
    pub(crate) pixels: Pixels,
    pub(crate) orientation: Orientation,
    pub(crate) colouring: Colouring,
}

impl Source {
    /// Memory for making, scaling and encoding a square, besides the RGBA pixels of `width * height`, in
    /// bytes.
    pub(crate) fn working_bytes(width: u32, height: u32) -> u64 {
        // The resizer goes down before it goes across: the final height of all columns, with its filter's
        // margin.
        let half_done = (u64::from(width.min(height)) + 64) * u64::from(Size::MAX.pixels()) * 4;
        SQUARES + half_done.max(TOOLS)
    }

    /// The same besides RGB pixels, which are shrunk or copied to RGBA.
    pub(crate) fn working_bytes_of_rgb(width: u32, height: u32) -> u64 {
        let crop = CentreCrop::shrunk(width, height);
        crop.bytes() + Self::working_bytes(crop.cells, crop.cells)
    }

    /// Crops, scales, turns, and converts to sRGB, in the cheapest order.
    pub(crate) fn into_square(self, size: Size) -> Square {
        let pixels =
            if self.pixels.layout == Layout::Rgb { centre_crop::crop_rgb(&self.pixels) } else { self.pixels };
        let whole = CentreCrop::whole(pixels.width, pixels.height);
        // Turning does not move the centre, so only the pixels left after scaling need turning.
        let mut pixels = turn(fit::fit(pixels, whole, size), self.orientation);
        colour::convert_to_srgb(&mut pixels.data, &self.colouring);
        Square::new(pixels)
    }
}

fn turn(pixels: Pixels, orientation: Orientation) -> Pixels {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let upright = Upright::new(&pixels, orientation);
    let mut data = Vec::with_capacity(pixels.data.len());
    for y in 0..upright.height {
        data.extend(upright.row(y).flatten());
    }
    Pixels { data, ..pixels }
}

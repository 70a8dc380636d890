//! Square pictures in sRGB: what renditions and generated images are before they are encoded.

mod centre_crop;
mod colour;
mod encode;
mod fit;
mod source;

pub(crate) use centre_crop::{Cells, CentreCrop};
pub(crate) use colour::Colouring;
pub(crate) use source::Source;

pub(crate) use domain::Size;

use crate::pixels::{Layout, Pixels};

/// A square picture, upright, in sRGB: RGBA with 8 bits a sample and straight alpha, row by row from the top
/// left.
#[derive(Clone)]
pub struct Square {
    /// RGBA, as wide as high.
    pixels: Pixels,
    is_transparent: bool,
}

impl Square {
    /// An upper bound of the memory that [`scaled`](Self::scaled) to a standard size and
    /// [`encode`](Self::encode) hold at any one time, in bytes.
    pub const WORKING_BYTES: u64 = source::SQUARES + source::TOOLS;

    /// A square of RGBA pixels.
    pub(crate) fn new(pixels: Pixels) -> Self {
        debug_assert!(
            pixels.width == pixels.height && pixels.layout == Layout::Rgba && pixels.sample_bytes == 1
        );
        let is_transparent = !is_opaque(&pixels.data);
        Self { pixels, is_transparent }
    }

    /// Draws a picture; `pixel` returns the RGBA pixel at `x`, `y`.
    pub(crate) fn draw(size: Size, mut pixel: impl FnMut(u32, u32) -> [u8; 4]) -> Self {
        let pixels = size.pixels();
        let mut data = Vec::with_capacity(size.area() * 4);
        for y in 0..pixels {
            for x in 0..pixels {
                data.extend(pixel(x, y));
            }
        }
        Self::new(Pixels { width: pixels, height: pixels, layout: Layout::Rgba, sample_bytes: 1, data })
    }

    /// The side.
    pub fn size(&self) -> Size {
        Size::new(self.pixels.width).expect("a square is made from its size")
    }

    /// Whether any pixel is less than opaque. JPEG cannot show that: see [`Square::encode`].
    pub fn is_transparent(&self) -> bool {
        self.is_transparent
    }

    /// The `size * size * 4` samples.
    pub fn rgba(&self) -> &[u8] {
        &self.pixels.data
    }

    /// The same picture at another size, as [`crate::Inspected::square`] scales. Cheaper from a smaller
    /// square than from a larger one.
    #[must_use]
    pub fn scaled(self, size: Size) -> Self {
        let whole = CentreCrop::whole(self.pixels.width, self.pixels.height);
        Self::new(fit::fit(self.pixels, whole, size))
    }
}

impl std::fmt::Debug for Square {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.is_transparent { "transparent" } else { "opaque" };
        write!(f, "Square({}, {kind})", self.size().pixels())
    }
}

/// Whether all RGBA pixels are opaque. Checks all of them, which is faster than stopping at the first that is
/// not.
fn is_opaque(rgba: &[u8]) -> bool {
    rgba.chunks_exact(4).fold(u8::MAX, |all, pixel| all & pixel[3]) == u8::MAX
}

//! The fit: the largest square in the middle, scaled to the size.
//!
//! A picture that is smaller than the size is enlarged, since a client asks for exactly that many pixels.
//! Scaling down is by Lanczos (three lobes), enlarging by Catmull-Rom, which overshoots less. As in browsers,
//! samples are averaged as they are stored, not as light; colours are weighted by opacity.
//!
//! Only RGBA: `fast_image_resize` has its kernels once for each kind of pixel, a third of a megabyte each.

use fast_image_resize::{
    FilterType, MulDiv, ResizeAlg, ResizeOptions, Resizer, images::TypedImage, pixels::U8x4,
};

use super::{CentreCrop, Size, is_opaque};
use crate::pixels::{Layout, Pixels};

const FITS: &str = "the buffer has the size of the picture";

/// Scales the middle of an RGBA picture, opaque or not, to RGBA. Needs no copy of the picture:
/// see [`super::Source::working_bytes`].
pub(crate) fn fit(mut pixels: Pixels, crop: CentreCrop, size: Size) -> Pixels {
    let target = size.pixels();
    if (pixels.width, pixels.height) == (target, target) {
        return Pixels { layout: Layout::Rgba, ..pixels };
    }
    let is_opaque = pixels.layout == Layout::Rgbx || is_opaque(&pixels.data);
    let mut source =
        TypedImage::<U8x4>::from_buffer(pixels.width, pixels.height, &mut pixels.data).expect(FITS);
    let mut data = vec![0; size.area() * 4];
    let mut scaled = TypedImage::<U8x4>::from_buffer(target, target, &mut data).expect(FITS);
    // Multiplied here, in place: the resizer would copy the whole picture.
    if !is_opaque {
        MulDiv::new().multiply_alpha_inplace_typed(&mut source).expect("RGBA has an alpha");
    }
    Resizer::new().resize_typed(&source, &mut scaled, &options(crop, size)).expect("the middle is inside");
    if !is_opaque {
        MulDiv::new().divide_alpha_inplace_typed(&mut scaled).expect("RGBA has an alpha");
    }
    Pixels { width: target, height: target, layout: Layout::Rgba, data, ..pixels }
}

fn options(crop: CentreCrop, size: Size) -> ResizeOptions {
    let shrinks = crop.cells > size.pixels();
    let filter = if shrinks { FilterType::Lanczos3 } else { FilterType::CatmullRom };
    let cells = f64::from(crop.cells);
    ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(filter))
        .crop(f64::from(crop.left), f64::from(crop.top), cells, cells)
        .use_alpha(false)
}

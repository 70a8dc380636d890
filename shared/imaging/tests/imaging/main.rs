//! What `imaging` promises, tested from outside.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes and colours of test pictures are small"
)]
#![allow(clippy::trivially_copy_pass_by_ref, reason = "names of chunks are byte strings")]
#![allow(clippy::unwrap_used, reason = "outside of test functions, too")]

mod colours;
mod damage;
mod formats;
mod generated;
mod lenient;
mod libjpeg;
mod limits;
mod make;
mod memory;
mod metadata;
mod orientation;
mod png_colours;
mod refusals;
mod renditions;
mod samples;
mod seen;
mod shrinking;
mod squares;
mod tables;

use bytes::Bytes;
use domain::{Image, ImageError};

/// Inspects and cleans.
fn clean(bytes: &[u8]) -> Result<Image, ImageError> {
    imaging::inspect(Bytes::copy_from_slice(bytes))?.clean()
}

/// Opens with a decoder of another crate; a JPEG with libjpeg as browsers do, since the other decoder refuses
/// some.
fn open(image: &Image) -> image::DynamicImage {
    if image.format == domain::ImageFormat::Jpeg
        && let Some(opened) = open_jpeg(&image.bytes)
    {
        return opened;
    }
    image::load_from_memory(&image.bytes).unwrap()
}

/// Grey or colours; `None` for four inks.
fn open_jpeg(bytes: &[u8]) -> Option<image::DynamicImage> {
    use mozjpeg::{ColorSpace, Decompress};
    let decoder = Decompress::new_mem(bytes).unwrap();
    let (width, height) = (decoder.width() as u32, decoder.height() as u32);
    match decoder.color_space() {
        ColorSpace::JCS_GRAYSCALE => {
            let data = decoder.grayscale().unwrap().read_scanlines().unwrap();
            Some(image::GrayImage::from_raw(width, height, data).unwrap().into())
        }
        ColorSpace::JCS_YCbCr | ColorSpace::JCS_RGB => {
            let data = decoder.rgb().unwrap().read_scanlines().unwrap();
            Some(image::RgbImage::from_raw(width, height, data).unwrap().into())
        }
        _ => None,
    }
}

/// Whether the bytes contain `needle`.
fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memchr::memmem::find(bytes, needle).is_some()
}

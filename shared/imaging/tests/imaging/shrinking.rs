//! Re-encoded images stay within the size limit, scaled down if necessary.

use bytes::Bytes;
use domain::Image;
use image::ImageFormat;
use jpeg_encoder::SamplingFactor;

use crate::{
    make::{
        after_png_header, after_start, encode, exif, exif_segment, jpeg_with, noise, png_chunk, riff,
        webp_chunk, webp_extended, webp_picture,
    },
    open,
};

const MAX_BYTES: usize = 4 * 1024 * 1024;

fn clean(bytes: &[u8]) -> Image {
    let inspected = imaging::inspect(Bytes::copy_from_slice(bytes)).unwrap();
    let image = inspected.keeping_at_most(MAX_BYTES).clean().unwrap();
    assert!(image.bytes.len() <= MAX_BYTES);
    image
}

#[test]
fn a_png_that_grows_is_scaled_down() {
    let png = after_png_header(&encode(noise(1_400, 1_100), ImageFormat::Png), &png_chunk(b"eXIf", &exif(6)));
    let image = clean(&png);
    assert_eq!((open(&image).width(), open(&image).height()), (550, 700));
}

#[test]
fn a_jpeg_that_grows_gets_a_lower_quality_first() {
    let low = jpeg_with(&noise(2_400, 2_000), SamplingFactor::F_2_2, 60, |_| ());
    let image = clean(&after_start(&low, &exif_segment(6)));
    assert_eq!((open(&image).width(), open(&image).height()), (2_000, 2_400));
}

#[test]
fn an_opaque_webp_that_is_turned_becomes_a_jpeg_that_fits() {
    let extended = webp_extended(0x08, 1_200, 1_000);
    let webp = riff(&[extended, webp_picture(noise(1_200, 1_000)), webp_chunk(b"EXIF", &exif(3))]);
    let image = clean(&webp);
    assert_eq!(image.format, domain::ImageFormat::Jpeg);
}

#[test]
fn an_upright_image_above_the_limit_is_refused() {
    let png = encode(noise(1_400, 1_100), ImageFormat::Png);
    let refused = imaging::inspect(png.into()).unwrap().keeping_at_most(MAX_BYTES).clean();
    assert_eq!(refused, Err(domain::ImageError::TooLargeToKeep { max_bytes: MAX_BYTES }));
}

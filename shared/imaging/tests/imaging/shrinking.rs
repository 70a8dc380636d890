//! Re-encoded images stay within the size limit, scaled down if necessary.

use domain::Image;
use image::ImageFormat;
use jpeg_encoder::SamplingFactor;

use crate::{
    clean,
    make::{
        after_png_header, after_start, encode, exif, exif_segment, jpeg_with, noise, png_chunk, riff,
        webp_chunk, webp_extended, webp_picture,
    },
    open,
};

#[test]
fn a_png_that_grows_is_scaled_down() {
    let png = after_png_header(&encode(noise(1_400, 1_100), ImageFormat::Png), &png_chunk(b"eXIf", &exif(6)));
    let image = clean(&png).unwrap();
    assert!(image.bytes.len() <= Image::MAX_BYTES);
    assert_eq!((open(&image).width(), open(&image).height()), (550, 700));
}

#[test]
fn a_jpeg_that_grows_gets_a_lower_quality_first() {
    let low = jpeg_with(&noise(2_400, 2_000), SamplingFactor::F_2_2, 60, |_| ());
    let image = clean(&after_start(&low, &exif_segment(6))).unwrap();
    assert!(image.bytes.len() <= Image::MAX_BYTES);
    assert_eq!((open(&image).width(), open(&image).height()), (2_000, 2_400));
}

#[test]
fn an_opaque_webp_that_is_turned_becomes_a_jpeg_that_fits() {
    let extended = webp_extended(0x08, 1_200, 1_000);
    let webp = riff(&[extended, webp_picture(noise(1_200, 1_000)), webp_chunk(b"EXIF", &exif(3))]);
    let image = clean(&webp).unwrap();
    assert_eq!(image.format, domain::ImageFormat::Jpeg);
    assert!(image.bytes.len() <= Image::MAX_BYTES);
}

//! Pictures are upright, whatever orientation their EXIF declares.

use domain::ImageFormat as Kept;
use image::{DynamicImage, ImageFormat, metadata::Orientation};

use crate::{
    clean, contains,
    make::{
        after_png_header, after_start, encode, exif, exif_segment, glass, jpeg, png_chunk, quarters, riff,
        webp_chunk, webp_extended, webp_picture,
    },
    open,
};

const WIDTH: u32 = 64;
const HEIGHT: u32 = 48;

/// What a viewer that knows EXIF would show.
fn upright(picture: impl Into<DynamicImage>, orientation: u8) -> DynamicImage {
    let mut picture = picture.into();
    picture.apply_orientation(Orientation::from_exif(orientation).unwrap());
    picture
}

/// Compares the middles of the four quarters.
fn assert_looks_like(actual: &DynamicImage, expected: &DynamicImage) {
    let (actual, expected) = (actual.to_rgba8(), expected.to_rgba8());
    assert_eq!(actual.dimensions(), expected.dimensions());
    let (width, height) = actual.dimensions();
    for (x, y) in [(1, 1), (3, 1), (1, 3), (3, 3)] {
        let (x, y) = (width * x / 4, height * y / 4);
        let (a, b) = (actual.get_pixel(x, y).0, expected.get_pixel(x, y).0);
        let close = a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 24);
        assert!(close, "{a:?} is not {b:?} at {x}, {y}");
    }
}

#[test]
fn a_jpeg_is_turned_upright() {
    let picture = quarters(WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let image = clean(&after_start(&jpeg(&picture), &exif_segment(orientation))).unwrap();
        assert_eq!(image.format, Kept::Jpeg);
        assert_looks_like(&open(&image), &upright(picture.clone(), orientation));
        assert!(!contains(&image.bytes, b"Exif"));
    }
}

#[test]
fn a_png_is_turned_upright_without_loss() {
    let picture = quarters(WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let chunk = png_chunk(b"eXIf", &exif(orientation));
        let image = clean(&after_png_header(&encode(picture.clone(), ImageFormat::Png), &chunk)).unwrap();
        assert_eq!(image.format, Kept::Png);
        assert_eq!(open(&image), upright(picture.clone(), orientation));
    }
}

#[test]
fn a_webp_is_turned_upright() {
    let extended = |flags: u8| webp_extended(flags | 0x08, WIDTH, HEIGHT);
    for orientation in 1..=8 {
        let exif = webp_chunk(b"EXIF", &exif(orientation));
        let picture = quarters(WIDTH, HEIGHT);
        let image = clean(&riff(&[extended(0), webp_picture(picture.clone()), exif.clone()])).unwrap();
        assert_eq!(image.format, if orientation == 1 { Kept::Webp } else { Kept::Jpeg });
        assert_looks_like(&open(&image), &upright(picture, orientation));

        let picture = glass(WIDTH, HEIGHT);
        let image = clean(&riff(&[extended(0x10), webp_picture(picture.clone()), exif])).unwrap();
        assert_eq!(image.format, if orientation == 1 { Kept::Webp } else { Kept::Png });
        assert_eq!(open(&image), upright(picture, orientation));
    }
}

#[test]
fn grey_and_deep_pictures_are_turned_as_they_are() {
    let grey = DynamicImage::from(quarters(WIDTH, HEIGHT)).to_luma8();
    let image = clean(&after_start(&encode(grey.clone(), ImageFormat::Jpeg), &exif_segment(6))).unwrap();
    assert_eq!(open(&image).color(), image::ColorType::L8);
    assert_looks_like(&open(&image), &upright(grey, 6));

    let deep = DynamicImage::from(quarters(WIDTH, HEIGHT)).to_rgb16();
    let chunk = png_chunk(b"eXIf", &exif(8));
    let image = clean(&after_png_header(&encode(deep.clone(), ImageFormat::Png), &chunk)).unwrap();
    assert_eq!(open(&image), upright(deep, 8));
}

#[test]
fn broken_exif_turns_nothing() {
    let picture = quarters(WIDTH, HEIGHT);
    let plain = clean(&jpeg(&picture)).unwrap();
    for broken in
        [b"Exif\0\0".as_slice(), b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"]
    {
        let segment = crate::make::segment(0xe1, broken);
        assert_eq!(clean(&after_start(&jpeg(&picture), &segment)).unwrap(), plain);
    }
    assert_eq!(clean(&after_start(&jpeg(&picture), &exif_segment(9))).unwrap(), plain);
}

//! Renditions are of every size, in both formats, without metadata.

use domain::{Image, ImageFormat as Kept};
use image::{ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

use crate::{
    clean, contains,
    make::{after_start, encode, glass, segment},
    open,
    seen::{assert_colour, likeness, opened, reference, render, size, square, try_square},
};

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../../../samples/", $name)).as_slice()
    };
}

#[test]
fn a_photograph_is_rendered_at_every_eager_size_as_webp_and_jpeg() {
    let renditions = render(sample!("portrait.jpg"));
    let made: Vec<_> = renditions.iter().map(|made| (made.size.pixels(), made.image.format)).collect();
    let expected = [256, 128, 64].map(|size| [(size, Kept::Webp), (size, Kept::Jpeg)]).concat();
    assert_eq!(made, expected);
    let portrait = image::load_from_memory(sample!("portrait.jpg")).unwrap();
    let mut bytes = [0, 0];
    for rendition in &renditions {
        let likeness =
            likeness(&open(&rendition.image).to_rgba8(), &reference(&portrait, rendition.size.pixels()));
        assert!(likeness > 28.0, "{rendition:?} has {likeness:.1} dB");
        bytes[usize::from(rendition.image.format == Kept::Jpeg)] += rendition.image.bytes.len();
    }
    let [webp, jpeg] = bytes;
    assert!(webp < jpeg && jpeg < sample!("portrait.jpg").len(), "{webp} bytes of WebP, {jpeg} of JPEG");
}

#[test]
fn transparency_is_kept_in_webp_and_png() {
    for bytes in [sample!("badge.png"), sample!("leaf.webp")] {
        let renditions = render(bytes);
        assert_eq!(renditions.len(), 6);
        for rendition in renditions {
            assert_ne!(rendition.image.format, Kept::Jpeg);
            let (seen, last) = (open(&rendition.image).to_rgba8(), rendition.size.pixels() - 1);
            assert_eq!((seen.get_pixel(0, 0)[3], seen.get_pixel(last, last)[3]), (0, 0), "{rendition:?}");
            assert_eq!(seen.get_pixel(last / 2, last / 2)[3], 255, "{rendition:?}");
        }
    }
}

#[test]
fn the_smallest_and_the_narrowest_pictures_fill_every_size() {
    for (width, height) in [(1, 1), (16_383, 1), (1, 16_383), (3, 2)] {
        let picture = RgbImage::from_pixel(width, height, Rgb([200, 100, 50]));
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
            for rendition in render(&encode(picture.clone(), format)) {
                let (seen, side) = (open(&rendition.image).to_rgba8(), rendition.size.pixels());
                assert_eq!(seen.dimensions(), (side, side), "{width} x {height} {format:?} {rendition:?}");
                assert_colour(&seen, side / 2, side - 1, [200, 100, 50, 255]);
            }
        }
    }
}

/// Encoded renditions have nothing that cleaning would remove, and no colour profile.
fn assert_clean(image: &Image) {
    assert_eq!(clean(&image.bytes).unwrap(), *image);
    for name in [b"ICCP".as_slice(), b"iCCP", b"ICC_PROFILE", b"Exif", b"EXIF"] {
        assert!(!contains(&image.bytes, name), "{image:?}");
    }
}

#[test]
fn renditions_have_no_metadata() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let segment = segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat());
    for bytes in
        [&after_start(sample!("landscape.jpg"), &segment), sample!("badge.png"), sample!("leaf.webp")]
    {
        for rendition in render(bytes) {
            assert_clean(&rendition.image);
        }
    }
}

#[test]
fn any_size_is_made_from_the_next_larger_rendition() {
    let renditions = render(sample!("portrait.jpg"));
    for pixels in [1, 63, 80, 100, 200, 255] {
        let exact = square(sample!("portrait.jpg"), pixels);
        for format in [Kept::Webp, Kept::Jpeg] {
            let stored = |made: &&imaging::Rendition| {
                made.size == size(pixels).next_standard() && made.image.format == format
            };
            let stored = renditions.iter().find(stored).unwrap();
            let made = try_square(&stored.image.bytes, pixels).unwrap();
            assert_eq!(made.size().pixels(), pixels);
            let likeness = likeness(&opened(&made), &exact);
            assert!(likeness > 33.0, "{pixels} from {format:?}: {likeness:.1} dB");
        }
    }
}

#[test]
fn a_transparent_image_has_the_same_formats_at_every_size() {
    // One pixel of 256 by 256 is slightly transparent: at 64 nothing of it is left.
    let mut picture = RgbaImage::from_pixel(256, 256, Rgba([10, 20, 30, 255]));
    picture.put_pixel(100, 100, Rgba([10, 20, 30, 250]));
    let formats: Vec<_> =
        render(&encode(picture, ImageFormat::Png)).iter().map(|made| made.image.format).collect();
    assert_eq!(formats, [Kept::Webp, Kept::Png].repeat(3));
    assert!(try_square(&encode(glass(64, 64), ImageFormat::Png), 64).unwrap().is_transparent());
}

//! The pictures in `samples/` match their README.

use domain::{ImageError, ImageFormat};

use crate::{clean, contains, open};

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../../../samples/", $name)).as_slice()
    };
}

#[test]
fn upright_images_are_kept_bit_for_bit() {
    for (bytes, format) in [
        (sample!("portrait.jpg"), ImageFormat::Jpeg),
        (sample!("small.jpg"), ImageFormat::Jpeg),
        (sample!("leaf.webp"), ImageFormat::Webp),
    ] {
        let image = clean(bytes).unwrap();
        assert_eq!((image.format, image.bytes.as_ref()), (format, bytes));
    }
}

#[test]
fn the_landscape_is_turned_and_loses_its_location() {
    let landscape = sample!("landscape.jpg");
    assert!(contains(landscape, b"RosterCam"));
    let image = clean(landscape).unwrap();
    assert!(!contains(&image.bytes, b"RosterCam") && !contains(&image.bytes, b"Exif"));
    let seen = open(&image).to_rgb8();
    assert_eq!(seen.dimensions(), (720, 1_080));
    let (sky, meadow) = (seen.get_pixel(50, 20), seen.get_pixel(50, 1_060));
    assert!(sky[2] > sky[1] && meadow[1] > meadow[2], "sky {sky:?}, meadow {meadow:?}");
}

#[test]
fn the_badge_keeps_its_transparency_and_the_sunrise_its_first_frame() {
    let badge = clean(sample!("badge.png")).unwrap();
    assert_eq!(open(&badge).to_rgba8().get_pixel(0, 0)[3], 0);
    let sunrise = clean(sample!("sunrise.gif")).unwrap();
    assert_eq!((sunrise.format, open(&sunrise).width()), (ImageFormat::Png, 96));
}

#[test]
fn the_drawing_and_the_phone_s_picture_are_refused_by_name() {
    for (bytes, name) in [(sample!("drawing.svg"), "SVG"), (sample!("phone.heic"), "HEIC")] {
        assert!(matches!(clean(bytes), Err(ImageError::Refused { kind, .. }) if kind == name));
    }
}

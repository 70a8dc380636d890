//! Squares are in sRGB, whatever the colour space of the picture.

use image::{ImageFormat, Rgb, RgbImage};
use jpeg_encoder::SamplingFactor;

use crate::{
    make::{
        after_png_header, after_start, encode, jpeg_of, jpeg_with, png_chunk, png_of, profile,
        profile_of_tables, riff, segment, webp_chunk, webp_extended, webp_picture, zlib,
    },
    seen::{assert_colour, square},
};

#[test]
fn grey_and_cmyk_are_converted_to_rgb() {
    let grey = jpeg_of(&[120; 64 * 48], 64, 48, jpeg_encoder::ColorType::Luma);
    assert_colour(&square(&grey, 32), 16, 16, [120, 120, 120, 255]);
    // Cyan and magenta: blue.
    for colours in [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck] {
        let inks = jpeg_of(&[255, 255, 0, 0].repeat(64 * 48), 64, 48, colours);
        let reference = image::load_from_memory(&inks).unwrap().to_rgba8();
        assert_colour(&square(&inks, 32), 16, 16, reference.get_pixel(16, 16).0);
    }
}

/// A colour of Display P3 in sRGB: by the curve of IEC 61966-2-1 and the matrix between the primaries (D65
/// both).
fn srgb_of_p3(colour: [u8; 3]) -> [u8; 4] {
    let linear = |sample: u8| {
        let value = f64::from(sample) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let curved = |value: f64| {
        let value = value.clamp(0.0, 1.0);
        let curved = if value <= 0.003_130_8 { value * 12.92 } else { 1.055 * value.powf(1.0 / 2.4) - 0.055 };
        (curved * 255.0).round() as u8
    };
    let [r, g, b] = colour.map(linear);
    let rows = [[1.2249, -0.2249, 0.0], [-0.0420, 1.0420, 0.0], [-0.0196, -0.0786, 1.0983]];
    let [r, g, b] = rows.map(|row: [f64; 3]| curved(row[0] * r + row[1] * g + row[2] * b));
    [r, g, b, 255]
}

#[test]
fn colours_are_converted_to_srgb() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let colour = [200, 100, 50];
    let expected = srgb_of_p3(colour);
    assert!(expected[0] > 210, "the two differ: {expected:?}");
    for bytes in with_profile(colour, &profile) {
        let found = square(&bytes, 16).get_pixel(8, 8).0;
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3), "{found:?} is not {expected:?}");
        assert!(!was_rendered_wrong(&bytes), "by matrix and curves it was right");
    }
}

#[test]
fn colours_of_a_profile_made_of_tables_are_converted_and_their_old_renditions_are_found() {
    // Green 100 of 255 is a lightness of 39.2, and that is a grey of 92 in sRGB.
    for bytes in with_profile([200, 100, 50], &profile_of_tables()) {
        assert_colour(&square(&bytes, 16), 8, 8, [92, 92, 92, 255]);
        assert!(was_rendered_wrong(&bytes));
    }
}

/// In a JPEG the fuzzer can change a profile without making it unreadable.
#[test]
fn the_seed_of_the_fuzzer_reaches_the_conversion_by_tables() {
    let seed = include_bytes!("../../../../fuzz/seeds/imaging/icc-tables.jpg");
    assert_colour(&square(seed, 4), 1, 1, [92, 92, 92, 255]);
}

/// A picture of one colour with this profile, as JPEG, PNG and WebP.
fn with_profile(colour: [u8; 3], profile: &[u8]) -> [Vec<u8>; 3] {
    let picture = RgbImage::from_pixel(40, 30, Rgb(colour));
    let segment = segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile].concat());
    let chunk = png_chunk(b"iCCP", &[b"icc\0\0", zlib(profile).as_slice()].concat());
    let jpeg = after_start(&jpeg_with(&picture, SamplingFactor::F_1_1, 98, |_| ()), &segment);
    let png = after_png_header(&encode(picture.clone(), ImageFormat::Png), &chunk);
    let webp = riff(&[webp_extended(0x20, 40, 30), webp_chunk(b"ICCP", profile), webp_picture(picture)]);
    [jpeg, png, webp]
}

fn was_rendered_wrong(bytes: &[u8]) -> bool {
    imaging::inspect(bytes.to_vec().into()).unwrap().was_rendered_wrong().unwrap()
}

#[test]
fn greys_are_converted_to_srgb_with_their_transparency() {
    let profile = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let chunk = png_chunk(b"iCCP", &[b"icc\0\0", zlib(&profile).as_slice()].concat());
    let opaque = png_of(2, 1, 8, 0, 0, &chunk, &[0, 55, 55]);
    let clear = png_of(2, 1, 8, 4, 0, &chunk, &[0, 55, 99, 55, 99]);
    // Linear 55 is 128 in sRGB.
    assert_colour(&square(&opaque, 1), 0, 0, [128, 128, 128, 255]);
    assert_colour(&square(&clear, 1), 0, 0, [128, 128, 128, 99]);
}

#[test]
fn a_profile_that_cannot_be_used_counts_as_srgb() {
    let picture = RgbImage::from_pixel(4, 4, Rgb([200, 100, 50]));
    let unusable = profile(b"RGB ", 600);
    let grey = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    for profile in [unusable, grey] {
        let bytes =
            riff(&[webp_extended(0x20, 4, 4), webp_chunk(b"ICCP", &profile), webp_picture(picture.clone())]);
        assert_eq!(square(&bytes, 4).get_pixel(1, 1).0, [200, 100, 50, 255]);
    }
}

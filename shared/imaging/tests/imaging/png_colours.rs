//! Squares of a PNG show its colours as browsers do: `cICP`, else `iCCP`, else `sRGB`, else `gAMA` with
//! `cHRM`.

use image::{ImageFormat, Rgb, RgbImage};

use crate::{
    make::{after_png_header, encode, png_chunk, zlib},
    seen::square,
};

const COLOUR: [u8; 3] = [200, 100, 50];

fn gamma(value: u32) -> Vec<u8> {
    png_chunk(b"gAMA", &value.to_be_bytes())
}

/// Primaries wider than those of sRGB, with its white.
fn wide() -> Vec<u8> {
    let values: [u32; 8] = [31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000];
    png_chunk(b"cHRM", &values.map(u32::to_be_bytes).concat())
}

fn p3_points() -> Vec<u8> {
    png_chunk(b"cICP", &[12, 13, 0, 1])
}

fn p3_profile() -> Vec<u8> {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    png_chunk(b"iCCP", &[b"icc\0\0", zlib(&profile).as_slice()].concat())
}

fn with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let picture = RgbImage::from_pixel(4, 4, Rgb(COLOUR));
    after_png_header(&encode(picture, ImageFormat::Png), &chunks.concat())
}

/// A description, the chunks before the pixels, and the colour in sRGB.
type Row = (&'static str, Vec<Vec<u8>>, [u8; 4]);

#[test]
fn colour_chunks_are_applied_by_precedence() {
    // By the formulas of the specification (PNG, 13.13; IEC 61966-2-1), in Python.
    let (plain, linear, p3) = ([200, 100, 50, 255], [229, 168, 122, 255], [215, 93, 31, 255]);
    let srgb = || png_chunk(b"sRGB", &[0]);
    let table: [Row; 11] = [
        ("nothing", vec![], plain),
        ("sRGB over gAMA and cHRM", vec![srgb(), gamma(100_000), wide()], plain),
        ("gAMA of light", vec![gamma(100_000)], linear),
        ("gAMA of 0", vec![gamma(0)], plain),
        ("cHRM", vec![wide()], p3),
        ("cICP", vec![p3_points()], p3),
        ("cICP over iCCP", vec![png_chunk(b"cICP", &[1, 13, 0, 1]), p3_profile()], plain),
        ("cICP over gAMA", vec![p3_points(), gamma(100_000)], p3),
        ("iCCP over gAMA", vec![p3_profile(), gamma(100_000)], p3),
        ("cICP of video levels", vec![png_chunk(b"cICP", &[12, 13, 0, 0])], plain),
        ("cICP of HDR", vec![png_chunk(b"cICP", &[9, 16, 0, 1])], plain),
    ];
    for (name, chunks, expected) in table {
        let bytes = with(&chunks);
        let found = square(&bytes, 4).get_pixel(1, 1).0;
        assert!(
            found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3),
            "{name}: {found:?} is not {expected:?}"
        );
        let was_wrong = imaging::inspect(bytes.into()).unwrap().was_rendered_wrong().unwrap();
        assert_eq!(was_wrong, expected != plain && !name.starts_with("iCCP"), "{name}");
    }
}

//! Images that are too large are refused by their header, before memory is spent.

use domain::ImageError;
use image::{DynamicImage, ImageFormat};

use crate::{
    clean,
    make::{encode, png_of, quarters, riff, webp_chunk, webp_extended, webp_picture},
};

fn too_many(bytes: &[u8]) -> bool {
    matches!(imaging::inspect(bytes.to_vec().into()), Err(ImageError::TooManyPixels { .. }))
}

#[test]
fn a_bomb_is_refused_from_its_header() {
    let bomb = png_of(20_000, 20_000, 8, 2, 0, b"", &vec![0; 8 * 1024 * 1024]);
    assert!(bomb.len() < 50_000);
    let error = imaging::inspect(bomb.into()).unwrap_err();
    assert_eq!(error, ImageError::TooManyPixels { width: 20_000, height: 20_000 });
}

#[test]
fn a_side_above_the_limit_is_refused() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Gif] {
        assert!(too_many(&encode(DynamicImage::new_rgb8(16_385, 1), format)), "{format:?}");
        assert!(clean(&encode(DynamicImage::new_rgb8(16_384, 1), format)).is_ok(), "{format:?}");
    }
    // A WebP cannot have more.
    assert!(clean(&encode(DynamicImage::new_rgb8(16_383, 1), ImageFormat::WebP)).is_ok());
}

#[test]
fn an_area_above_the_limit_is_refused() {
    assert!(too_many(&png_of(8_000, 8_001, 1, 0, 0, b"", &[])));
    assert!(!too_many(&png_of(8_000, 8_000, 1, 0, 0, b"", &[])));
}

#[test]
fn a_canvas_does_not_hide_a_larger_picture() {
    let lie = riff(&[webp_extended(0, 4, 4), webp_picture(quarters(40, 30))]);
    assert!(matches!(clean(&lie), Err(ImageError::Undecodable(_))));
}

#[test]
fn code_tables_of_a_webp_count_as_memory() {
    // 8 x 8 pixels, no transform, no cache, groups of codes in blocks of 4, of which the only number is
    // 65,535: five codes of one symbol of eight bits each, least significant bits first.
    let code = |symbol: u64| (0b101 | symbol << 3, 11);
    let fields = [(0, 1), (0, 1), (1, 1), (0, 3), (0, 1), code(255), code(255), code(0), code(0), code(0)];
    let (bits, _) = fields
        .iter()
        .fold((0u128, 0), |(bits, at), (value, count)| (bits | u128::from(*value) << at, at + count));
    let head = [0x2f, 7, 0xc0, 1, 0];
    let data = [&head[..], &bits.to_le_bytes()[..8], &vec![0; 1 << 20]].concat();
    let inspected = imaging::inspect(riff(&[webp_chunk(b"VP8L", &data)]).into()).unwrap();
    assert_eq!((inspected.width(), inspected.height()), (8, 8));
    assert!(inspected.working_bytes() > 512 << 20);
}

#[test]
fn a_gif_frame_has_the_limits_of_its_screen() {
    let mut gif = encode(quarters(4, 4), ImageFormat::Gif);
    let frame = gif.iter().rposition(|byte| *byte == b',').unwrap();
    gif[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert!(clean(&gif).is_err());
}

#[test]
fn the_size_is_reported_before_turning() {
    let jpeg = crate::make::after_start(&crate::make::jpeg(&quarters(40, 30)), &crate::make::exif_segment(6));
    let inspected = imaging::inspect(jpeg.into()).unwrap();
    assert_eq!((inspected.source(), inspected.width(), inspected.height()), ("jpeg", 40, 30));
}

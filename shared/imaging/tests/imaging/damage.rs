//! Damaged and truncated images never panic, and truncated ones are never accepted.

use domain::ImageError;
use image::ImageFormat;
use imaging::Size;
use jpeg_encoder::SamplingFactor;
use proptest::prelude::*;

use crate::{
    clean,
    make::{
        after_png_header, after_start, encode, exif, exif_segment, glass, jpeg, jpeg_with, lossy_picture,
        noise, png_chunk, quarters, riff, webp_chunk, webp_extended, webp_picture,
    },
    open,
};

fn specimens() -> Vec<(&'static str, Vec<u8>)> {
    let progressive =
        jpeg_with(&quarters(33, 21), SamplingFactor::F_2_2, 80, |encoder| encoder.set_progressive(true));
    let turned_webp =
        [webp_extended(0x18, 20, 16), webp_picture(glass(20, 16)), webp_chunk(b"EXIF", &exif(6))];
    let restarting =
        jpeg_with(&noise(33, 21), SamplingFactor::F_2_2, 90, |encoder| encoder.set_restart_interval(2));
    let in_three_scans = jpeg_with(&quarters(33, 21), SamplingFactor::F_2_2, 90, |encoder| {
        encoder.set_optimized_huffman_tables(true);
    });
    vec![
        ("jpeg", jpeg(&noise(33, 21))),
        ("restarting jpeg", restarting),
        ("three-scan jpeg", in_three_scans),
        ("progressive jpeg", progressive.clone()),
        ("turned jpeg", after_start(&progressive, &exif_segment(6))),
        ("png", encode(glass(20, 16), ImageFormat::Png)),
        (
            "turned png",
            after_png_header(&encode(glass(20, 16), ImageFormat::Png), &png_chunk(b"eXIf", &exif(8))),
        ),
        ("webp", encode(glass(20, 16), ImageFormat::WebP)),
        ("turned webp", riff(&turned_webp)),
        ("lossy webp", riff(&[lossy_picture(33, 21)])),
        ("gif", encode(glass(20, 16), ImageFormat::Gif)),
    ]
}

#[test]
fn truncated_images_are_refused() {
    for (name, whole) in specimens() {
        assert!(clean(&whole).is_ok(), "{name}");
        let step = (whole.len() / 200).max(1);
        for end in (0..whole.len()).step_by(step).chain(whole.len().saturating_sub(20)..whole.len()) {
            let outcome = clean(&whole[..end]);
            // Data past the first frame of a GIF, the end marker of a JPEG, and the last chunk of a PNG are not needed.
            let not_needed = match name {
                "gif" => whole.len(),
                "png" | "turned png" => 12,
                _ if name.ends_with("jpeg") => 2,
                _ => 0,
            };
            let is_shown_whole = end + not_needed >= whole.len();
            assert!(
                outcome.is_err() || is_shown_whole,
                "{name} is taken with {end} of {} bytes",
                whole.len()
            );
        }
    }
}

#[test]
fn a_jpeg_whose_scan_ends_early_is_refused() {
    for (interval, sampling) in
        [(0, SamplingFactor::F_2_2), (4, SamplingFactor::F_2_2), (0, SamplingFactor::F_1_1)]
    {
        let whole = jpeg_with(&noise(64, 64), sampling, 90, |encoder| {
            if interval > 0 {
                encoder.set_restart_interval(interval);
            }
        });
        assert!(clean(&whole).is_ok());
        for end in (whole.len() / 2..whole.len() - 3).step_by(97) {
            let cut = [&whole[..end], b"\xff\xd9"].concat();
            assert!(matches!(clean(&cut), Err(ImageError::Undecodable(_))), "{end} of {} bytes", whole.len());
        }
    }
}

#[test]
fn nothing_hides_after_the_last_block_of_a_scan() {
    for interval in [0, 1, 3] {
        let whole = jpeg_with(&quarters(61, 45), SamplingFactor::F_2_2, 90, |encoder| {
            if interval > 0 {
                encoder.set_restart_interval(interval);
            }
        });
        let end = whole.len() - 2;
        let dirty = [&whole[..end], b"<html>SECRET\xff\0SECRET\xff\xd3SECRET", &whole[end..]].concat();
        assert_eq!(clean(&dirty).unwrap().bytes, whole, "restarts every {interval}");
    }
}

#[test]
fn nothing_hides_before_a_restart() {
    let whole =
        jpeg_with(&quarters(61, 45), SamplingFactor::F_2_2, 90, |encoder| encoder.set_restart_interval(1));
    let mut dirty = Vec::new();
    for (at, byte) in whole.iter().enumerate() {
        if *byte == 0xff && matches!(whole.get(at + 1), Some(0xd0..=0xd7)) {
            dirty.extend(b"SECRET\xff\0");
        }
        dirty.push(*byte);
    }
    assert!(dirty.len() > whole.len());
    assert_eq!(clean(&dirty).unwrap().bytes, whole);
}

#[test]
fn flipped_bits_never_panic_and_accepted_images_are_clean_and_can_be_rendered() {
    for (name, whole) in specimens() {
        let bits = whole.len() * 8;
        for bit in (0..bits).step_by((bits / 600).max(1) | 1) {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            if let Ok(image) = clean(&damaged) {
                open(&image);
                assert_eq!(clean(&image.bytes).unwrap(), image, "{name}, bit {bit}");
                let square = imaging::inspect(image.bytes).unwrap().square(Size::new(9).unwrap());
                assert!(square.is_ok(), "{name}, bit {bit}: {square:?}");
            }
            // Images that were not cleaned must not panic either.
            if let Ok(inspected) = imaging::inspect(damaged.into()) {
                let _ = inspected.square(Size::new(9).unwrap());
            }
        }
    }
}

#[test]
fn a_wrong_checksum_of_the_picture_is_refused() {
    let mut png = encode(quarters(4, 4), ImageFormat::Png);
    let end = png.len() - 13;
    png[end] ^= 1;
    assert!(matches!(clean(&png), Err(ImageError::Undecodable(_))));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic(kind in 0usize..4, bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let starts: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", b"RIFF\x40\0\0\0WEBPVP8", b"GIF89a"];
        let bytes = [starts[kind], &bytes].concat();
        if let Ok(image) = clean(&bytes) {
            prop_assert_eq!(clean(&image.bytes), Ok(image));
        }
    }
}

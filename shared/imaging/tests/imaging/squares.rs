//! Squares are the middle of the picture, upright, as good as a plain resize makes them, from every form of
//! every format.

use domain::{ImageError, ImageFormat as Kept};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use imaging::Size;

use crate::{
    make::{
        after_png_header, after_start, encode, exif, exif_segment, jpeg, png_chunk, png_of, quarters, riff,
        webp_chunk, webp_extended, webp_frame, webp_picture,
    },
    open,
    seen::{assert_colour, likeness, opened, reference, square, try_square},
};

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../../../samples/", $name)).as_slice()
    };
}

#[test]
fn squares_are_as_good_as_a_plain_resize() {
    let portrait = image::load_from_memory(sample!("portrait.jpg")).unwrap();
    for pixels in [512, 333, 80] {
        let likeness = likeness(&square(sample!("portrait.jpg"), pixels), &reference(&portrait, pixels));
        assert!(likeness > 45.0, "{pixels}: {likeness:.1} dB");
    }
    let mut chained = try_square(sample!("portrait.jpg"), 512).unwrap();
    for standard in Size::STANDARD {
        chained = chained.scaled(standard);
        let likeness = likeness(&opened(&chained), &reference(&portrait, standard.pixels()));
        assert!(likeness > 37.0, "{standard:?}: {likeness:.1} dB");
    }
}

#[test]
fn the_longer_side_is_cropped_at_both_ends() {
    // Red, green and blue squares beside each other.
    let third = |x: u32| [Rgb([230, 0, 0]), Rgb([0, 200, 0]), Rgb([0, 0, 230])][(x / 60) as usize];
    let wide = RgbImage::from_fn(180, 60, |x, _| third(x));
    let high = RgbImage::from_fn(60, 180, |_, y| third(y));
    for picture in [wide, high] {
        let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];
        for format in formats {
            let bytes = encode(picture.clone(), format);
            // Pixels that a JPEG or an enlargement blends at edges are left out.
            let (middle, larger) = (square(&bytes, 60), square(&bytes, 512));
            (8..52).for_each(|at| assert_colour(&middle, at, at, [0, 200, 0, 255]));
            (70..442).for_each(|at| assert_colour(&larger, at, at, [0, 200, 0, 255]));
        }
    }
}

#[test]
fn a_square_is_upright_for_every_orientation() {
    let picture = quarters(96, 64);
    for orientation in 1..=8 {
        let mut seen = DynamicImage::from(picture.clone());
        seen.apply_orientation(image::metadata::Orientation::from_exif(orientation).unwrap());
        let seen = reference(&seen, 40);
        let webp = riff(&[
            webp_extended(8, 96, 64),
            webp_picture(picture.clone()),
            webp_chunk(b"EXIF", &exif(orientation)),
        ]);
        let png = encode(picture.clone(), ImageFormat::Png);
        for bytes in [
            after_start(&jpeg(&picture), &exif_segment(orientation)),
            after_png_header(&png, &png_chunk(b"eXIf", &exif(orientation))),
            webp,
        ] {
            let square = square(&bytes, 40);
            for (x, y) in [(10, 10), (30, 10), (10, 30), (30, 30)] {
                assert_colour(&square, x, y, seen.get_pixel(x, y).0);
            }
        }
    }
}

#[test]
fn the_landscape_has_its_sky_above() {
    let square = square(sample!("landscape.jpg"), 64);
    let (sky, meadow) = (square.get_pixel(10, 3), square.get_pixel(10, 60));
    assert!(sky[2] > sky[1] && meadow[1] > meadow[2], "sky {sky:?}, meadow {meadow:?}");
}

/// Not one pixel of four, which would show red alone.
#[test]
fn the_colours_of_a_jpeg_are_the_mean_of_the_pixels_that_share_them() {
    let (red, blue) = (Rgb([180, 60, 60]), Rgb([60, 101, 150]));
    let stripes = RgbImage::from_fn(64, 64, |x, _| if x % 2 == 0 { red } else { blue });
    let stripes = try_square(&encode(stripes, ImageFormat::Png), 64).unwrap();
    let shown = open(&stripes.encode(Kept::Jpeg)).to_rgba8();
    for at in 0..64 {
        assert_colour(&shown, at, at, [120, 80, 105, 255]);
    }
}

#[test]
fn a_jpeg_shows_transparency_on_white() {
    let badge = try_square(sample!("badge.png"), 100).unwrap();
    let shown = open(&badge.encode(Kept::Jpeg)).to_rgba8();
    assert_colour(&shown, 2, 2, [255, 255, 255, 255]);
    assert_colour(&shown, 50, 50, opened(&badge).get_pixel(50, 50).0);
}

#[test]
fn cropped_transparency_does_not_count() {
    let picture = RgbaImage::from_fn(64, 16, |x, _| Rgba([9, 99, 199, if x < 8 { 0 } else { 255 }]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let square = try_square(&encode(picture.clone(), format), 16).unwrap();
        assert_eq!(square.formats(), [Kept::Webp, Kept::Jpeg]);
        assert!(square.rgba().chunks_exact(4).all(|pixel| pixel == [9, 99, 199, 255]));
    }
}

#[test]
fn invisible_pixels_do_not_bleed_into_visible_ones() {
    // Invisible green beside red.
    let picture =
        |side: u32| {
            let red = |x: u32, y: u32| (x / 2 + y / 2).is_multiple_of(2);
            RgbaImage::from_fn(side, side, |x, y| {
                if red(x, y) { Rgba([250, 0, 0, 255]) } else { Rgba([0, 250, 0, 0]) }
            })
        };
    for bytes in [encode(picture(100), ImageFormat::WebP), encode(picture(1_600), ImageFormat::Png)] {
        for pixel in square(&bytes, 50).pixels().filter(|pixel| pixel[3] > 16) {
            assert!(pixel[0] > 230 && pixel[1] < 20, "{pixel:?}");
        }
    }
}

#[test]
fn every_form_of_png_gives_the_same_picture() {
    // One row of seven greys, repeated, at each depth; and interlaced.
    let rows = |depth: u32| -> Vec<u8> {
        let row = |_| match depth {
            1 => vec![0, 0b1010_1010],
            8 => [0].into_iter().chain((0..7).map(|x| if x % 2 == 0 { 255 } else { 0 })).collect(),
            _ => [0].into_iter().chain((0..14).map(|x| if x / 2 % 2 == 0 { 255 } else { 0 })).collect(),
        };
        (0..7).flat_map(row).collect()
    };
    let expected = square(&png_of(7, 7, 8, 0, 0, &[], &rows(8)), 7);
    assert_eq!((expected.get_pixel(0, 0)[0], expected.get_pixel(1, 0)[0]), (255, 0));
    for depth in [1, 16] {
        assert_eq!(square(&png_of(7, 7, depth as u8, 0, 0, &[], &rows(depth)), 7), expected, "{depth} bits");
    }
    let palette = [png_chunk(b"PLTE", &[0, 0, 0, 255, 255, 255]), png_chunk(b"tRNS", &[0])].concat();
    let indexed = square(&png_of(7, 7, 1, 3, 0, &palette, &rows(1)), 7);
    assert_eq!((indexed.get_pixel(0, 0).0, indexed.get_pixel(1, 0)[3]), ([255; 4], 0));
}

#[test]
fn an_interlaced_png_gives_the_same_picture_when_it_is_shrunk() {
    let picture = RgbImage::from_fn(1_700, 1_600, |x, y| Rgb([(x / 7) as u8, (y / 7) as u8, (x ^ y) as u8]));
    let rows = |xs: &[u32], ys: &[u32]| -> Vec<u8> {
        let row = |y: &u32| {
            let pixels = xs.iter().flat_map(|x| picture.get_pixel(*x, *y).0).collect::<Vec<_>>();
            [vec![0], pixels].concat()
        };
        ys.iter().flat_map(row).collect()
    };
    let every = |start: u32, step: usize, end: u32| (start..end).step_by(step).collect::<Vec<_>>();
    let passes =
        [(0, 8, 0, 8), (4, 8, 0, 8), (0, 4, 4, 8), (2, 4, 0, 4), (0, 2, 2, 4), (1, 2, 0, 2), (0, 1, 1, 2)];
    let adam7 = passes.map(|(x, dx, y, dy)| rows(&every(x, dx, 1_700), &every(y, dy, 1_600))).concat();
    let interlaced = square(&png_of(1_700, 1_600, 8, 2, 1, &[], &adam7), 512);
    let plain = encode(picture.clone(), ImageFormat::Png);
    assert_eq!(interlaced, square(&plain, 512));
    let likeness = likeness(&interlaced, &reference(&picture.into(), 512));
    assert!(likeness > 30.0, "{likeness:.1} dB");
}

#[test]
fn an_animation_shows_its_first_frame() {
    let sunrise = square(sample!("sunrise.gif"), 64);
    let first = image::load_from_memory(sample!("sunrise.gif")).unwrap();
    assert!(likeness(&sunrise, &reference(&first, 64)) > 40.0);
    // A frame that covers the left half of its canvas.
    let frame = webp_picture(RgbImage::from_pixel(16, 32, Rgb([20, 20, 230])));
    let second = webp_picture(RgbImage::from_pixel(32, 32, Rgb([230, 20, 20])));
    let animation = riff(&[
        webp_extended(0x02, 32, 32),
        webp_chunk(b"ANIM", &[0; 6]),
        webp_frame(0, 0, 16, 32, &frame),
        webp_frame(0, 0, 32, 32, &second),
    ]);
    let shown = square(&animation, 64);
    assert_colour(&shown, 10, 32, [20, 20, 230, 255]);
    assert_eq!(shown.get_pixel(54, 32)[3], 0);
}

#[test]
fn truncated_pictures_are_refused() {
    for bytes in [sample!("portrait.jpg"), sample!("badge.png"), sample!("leaf.webp")] {
        for end in [bytes.len() / 2, bytes.len() * 3 / 4, bytes.len() - 600] {
            let refused = try_square(&bytes[..end], 64);
            assert!(
                matches!(refused, Err(ImageError::Undecodable(_))),
                "{refused:?} of {} at {end}",
                bytes.len()
            );
        }
    }
}

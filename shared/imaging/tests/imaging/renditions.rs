//! Renditions are the middle of the picture: upright, square, of every size, in both formats, without metadata.

use domain::{Image, ImageError, ImageFormat as Kept};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage, imageops::FilterType};
use imaging::{Size, Square};
use jpeg_encoder::SamplingFactor;

use crate::{
    clean,
    make::{
        after_png_header, after_start, encode, exif, exif_segment, glass, jpeg, jpeg_of, jpeg_with,
        png_chunk, png_of, quarters, riff, webp_chunk, webp_extended, webp_frame, webp_picture,
    },
    open,
};

macro_rules! sample {
    ($name:literal) => {
        include_bytes!(concat!("../../../../samples/", $name)).as_slice()
    };
}

fn size(pixels: u32) -> Size {
    Size::new(pixels).unwrap()
}

fn try_square(bytes: &[u8], pixels: u32) -> Result<Square, ImageError> {
    imaging::inspect(bytes.to_vec().into())?.square(size(pixels))
}

fn square(bytes: &[u8], pixels: u32) -> RgbaImage {
    opened(&try_square(bytes, pixels).unwrap())
}

/// The pixels of a square, whatever it holds.
fn opened(square: &Square) -> RgbaImage {
    let side = square.size().pixels();
    RgbaImage::from_raw(side, side, square.rgba().to_vec()).unwrap()
}

fn render(bytes: &[u8]) -> Vec<imaging::Rendition> {
    imaging::inspect(bytes.to_vec().into()).unwrap().render().unwrap()
}

/// The fit done plainly, by another crate.
fn reference(picture: &DynamicImage, pixels: u32) -> RgbaImage {
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    picture.crop_imm(left, top, side, side).resize_exact(pixels, pixels, FilterType::Lanczos3).to_rgba8()
}

/// Peak signal-to-noise ratio of what is seen, in decibels.
fn likeness(left: &RgbaImage, right: &RgbaImage) -> f64 {
    assert_eq!(left.dimensions(), right.dimensions());
    let squares = left.iter().zip(right.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / f64::from(left.width() * left.height() * 3);
    10.0 * (255.0_f64.powi(2) / mean.max(1e-9)).log10()
}

fn assert_colour(picture: &RgbaImage, x: u32, y: u32, colour: [u8; 4]) {
    let found = picture.get_pixel(x, y).0;
    assert!(
        found.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12),
        "{found:?} is not {colour:?} at {x}, {y}"
    );
}

#[test]
fn a_photograph_is_rendered_at_every_size_as_webp_and_jpeg() {
    let renditions = render(sample!("portrait.jpg"));
    let made: Vec<_> = renditions.iter().map(|made| (made.size.pixels(), made.image.format)).collect();
    let expected = [512, 256, 128, 64].map(|size| [(size, Kept::Webp), (size, Kept::Jpeg)]).concat();
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
fn what_a_side_has_too_much_is_cut_off_at_both_ends() {
    // Red, green and blue squares beside each other.
    let third = |x: u32| [Rgb([230, 0, 0]), Rgb([0, 200, 0]), Rgb([0, 0, 230])][(x / 60) as usize];
    let wide = RgbImage::from_fn(180, 60, |x, _| third(x));
    let high = RgbImage::from_fn(60, 180, |_, y| third(y));
    for picture in [wide, high] {
        let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif];
        for format in formats {
            let bytes = encode(picture.clone(), format);
            // What a JPEG blends at its edges, and an enlargement with its neighbours, is left out.
            let (middle, larger) = (square(&bytes, 60), square(&bytes, 512));
            (8..52).for_each(|at| assert_colour(&middle, at, at, [0, 200, 0, 255]));
            (70..442).for_each(|at| assert_colour(&larger, at, at, [0, 200, 0, 255]));
        }
    }
}

#[test]
fn a_square_stands_upright_however_the_camera_was_held() {
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

#[test]
fn what_is_transparent_stays_so_in_webp_and_png() {
    for bytes in [sample!("badge.png"), sample!("leaf.webp")] {
        let renditions = render(bytes);
        assert_eq!(renditions.len(), 8);
        for rendition in renditions {
            assert_ne!(rendition.image.format, Kept::Jpeg);
            let (seen, last) = (open(&rendition.image).to_rgba8(), rendition.size.pixels() - 1);
            assert_eq!((seen.get_pixel(0, 0)[3], seen.get_pixel(last, last)[3]), (0, 0), "{rendition:?}");
            assert_eq!(seen.get_pixel(last / 2, last / 2)[3], 255, "{rendition:?}");
        }
    }
}

#[test]
fn a_jpeg_shows_what_is_transparent_on_white() {
    let badge = try_square(sample!("badge.png"), 100).unwrap();
    let shown = open(&badge.encode(Kept::Jpeg)).to_rgba8();
    assert_colour(&shown, 2, 2, [255, 255, 255, 255]);
    assert_colour(&shown, 50, 50, opened(&badge).get_pixel(50, 50).0);
}

#[test]
fn transparency_that_is_cut_off_does_not_count() {
    let picture = RgbaImage::from_fn(64, 16, |x, _| Rgba([9, 99, 199, if x < 8 { 0 } else { 255 }]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let square = try_square(&encode(picture.clone(), format), 16).unwrap();
        assert_eq!(square.formats(), [Kept::Webp, Kept::Jpeg]);
        assert!(square.rgba().chunks_exact(4).all(|pixel| pixel == [9, 99, 199, 255]));
    }
}

#[test]
fn what_is_invisible_does_not_bleed_into_what_is_seen() {
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
fn the_smallest_and_the_narrowest_pictures_fill_every_size() {
    for (width, height) in [(1, 1), (8_192, 1), (1, 8_192), (3, 2)] {
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

#[test]
fn grey_and_four_inks_become_colours() {
    let grey = jpeg_of(&[120; 64 * 48], 64, 48, jpeg_encoder::ColorType::Luma);
    assert_colour(&square(&grey, 32), 16, 16, [120, 120, 120, 255]);
    // Cyan and magenta: blue.
    for colours in [jpeg_encoder::ColorType::Cmyk, jpeg_encoder::ColorType::CmykAsYcck] {
        let inks = jpeg_of(&[255, 255, 0, 0].repeat(64 * 48), 64, 48, colours);
        let reference = image::load_from_memory(&inks).unwrap().to_rgba8();
        assert_colour(&square(&inks, 32), 16, 16, reference.get_pixel(16, 16).0);
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
fn of_an_animation_the_first_frame_is_shown() {
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

/// What is encoded carries nothing that cleaning would remove, and no colour profile.
fn assert_clean(image: &Image) {
    assert_eq!(clean(&image.bytes).unwrap(), *image);
    for name in [b"ICCP".as_slice(), b"iCCP", b"ICC_PROFILE", b"Exif", b"EXIF"] {
        assert!(!crate::contains(&image.bytes, name), "{image:?}");
    }
}

#[test]
fn renditions_have_no_metadata() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let segment = crate::make::segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat());
    for bytes in
        [&after_start(sample!("landscape.jpg"), &segment), sample!("badge.png"), sample!("leaf.webp")]
    {
        for rendition in render(bytes) {
            assert_clean(&rendition.image);
        }
    }
}

/// A colour of Display P3 in sRGB: by the curve of IEC 61966-2-1 and the matrix between the primaries (D65 both).
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
    let picture = RgbImage::from_pixel(40, 30, Rgb(colour));

    let segment = crate::make::segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile.as_slice()].concat());
    let chunk = png_chunk(b"iCCP", &[b"icc\0\0", crate::make::zlib(&profile).as_slice()].concat());
    let jpeg = after_start(&jpeg_with(&picture, SamplingFactor::F_1_1, 98, |_| ()), &segment);
    let png = after_png_header(&encode(picture.clone(), ImageFormat::Png), &chunk);
    let webp = riff(&[webp_extended(0x20, 40, 30), webp_chunk(b"ICCP", &profile), webp_picture(picture)]);
    for bytes in [jpeg, png, webp] {
        let found = square(&bytes, 16).get_pixel(8, 8).0;
        assert!(found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 3), "{found:?} is not {expected:?}");
    }
}

#[test]
fn greys_are_converted_to_srgb_with_their_transparency() {
    let profile = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    let chunk = png_chunk(b"iCCP", &[b"icc\0\0", crate::make::zlib(&profile).as_slice()].concat());
    let opaque = png_of(2, 1, 8, 0, 0, &chunk, &[0, 55, 55]);
    let clear = png_of(2, 1, 8, 4, 0, &chunk, &[0, 55, 99, 55, 99]);
    // Linear 55 is 128 in sRGB.
    assert_colour(&square(&opaque, 1), 0, 0, [128, 128, 128, 255]);
    assert_colour(&square(&clear, 1), 0, 0, [128, 128, 128, 99]);
}

#[test]
fn a_profile_that_cannot_be_used_counts_as_srgb() {
    let picture = RgbImage::from_pixel(4, 4, Rgb([200, 100, 50]));
    let unusable = crate::make::profile(b"RGB ", 600);
    let grey = moxcms::ColorProfile::new_gray_with_gamma(1.0).encode().unwrap();
    for profile in [unusable, grey] {
        let bytes =
            riff(&[webp_extended(0x20, 4, 4), webp_chunk(b"ICCP", &profile), webp_picture(picture.clone())]);
        assert_eq!(square(&bytes, 4).get_pixel(1, 1).0, [200, 100, 50, 255]);
    }
}

#[test]
fn any_size_is_made_from_the_next_larger_rendition() {
    let renditions = render(sample!("portrait.jpg"));
    for pixels in [1, 63, 80, 100, 300, 511] {
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
fn a_glass_has_the_same_formats_at_every_size() {
    // One pixel of 512 by 512 that is nearly opaque: at 64 nothing of it is left.
    let mut picture = RgbaImage::from_pixel(512, 512, Rgba([10, 20, 30, 255]));
    picture.put_pixel(100, 100, Rgba([10, 20, 30, 250]));
    let formats: Vec<_> =
        render(&encode(picture, ImageFormat::Png)).iter().map(|made| made.image.format).collect();
    assert_eq!(formats, [Kept::Webp, Kept::Png].repeat(4));
    assert!(try_square(&encode(glass(64, 64), ImageFormat::Png), 64).unwrap().is_transparent());
}

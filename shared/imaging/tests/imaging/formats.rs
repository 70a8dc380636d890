//! Rare but valid forms of each format are accepted.

use domain::ImageFormat as Kept;
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};
use imaging::Size;
use jpeg_encoder::{ColorType, SamplingFactor};

use crate::{
    clean, contains,
    make::{
        after_png_header, after_start, encode, exif_segment, glass, jpeg_of, jpeg_with, lossy_picture,
        png_chunk, png_of, profile, quarters, riff, segment, webp_chunk, webp_extended, webp_frame,
        webp_picture,
    },
    open,
};

#[test]
fn one_pixel_of_each_format_is_an_image() {
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let image = clean(&encode(DynamicImage::new_rgb8(1, 1), format)).unwrap();
        assert_eq!((open(&image).width(), open(&image).height()), (1, 1), "{format:?}");
    }
}

#[test]
fn every_usual_sampling_is_decoded_and_kept() {
    let samplings = [
        SamplingFactor::F_1_1,
        SamplingFactor::F_2_1,
        SamplingFactor::F_1_2,
        SamplingFactor::F_2_2,
        SamplingFactor::F_4_1,
        SamplingFactor::F_1_4,
    ];
    for sampling in samplings {
        for progressive in [false, true] {
            for (width, height) in [(64, 48), (61, 35), (7, 100), (1, 1), (17, 1)] {
                let plain = jpeg_with(&quarters(width, height), sampling, 90, |encoder| {
                    encoder.set_progressive(progressive);
                    encoder.set_restart_interval(3);
                });
                let image = clean(&plain);
                assert!(image.is_ok(), "{sampling:?} {progressive} {width} x {height}: {image:?}");
                assert_eq!(image.unwrap().bytes.len(), plain.len());
                let turned = clean(&after_start(&plain, &exif_segment(6))).unwrap();
                assert_eq!((open(&turned).width(), open(&turned).height()), (height, width));
            }
        }
    }
}

#[test]
fn components_may_be_in_separate_scans() {
    let plain = jpeg_with(&quarters(40, 30), SamplingFactor::F_2_2, 90, |encoder| {
        encoder.set_optimized_huffman_tables(true);
    });
    assert_eq!(clean(&plain).unwrap().bytes.len(), plain.len());
}

#[test]
fn cmyk_is_kept_as_it_is_and_turned_to_rgb() {
    let samples: Vec<u8> =
        quarters(40, 30).pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
    for colours in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let with_profile =
            after_start(&jpeg_of(&samples, 40, 30, colours), &icc_segment(&profile(b"CMYK", 200)));
        let image = clean(&with_profile).unwrap();
        assert!(contains(&image.bytes, b"Adobe") && contains(&image.bytes, b"ICC_PROFILE"));
        let turned = clean(&after_start(&with_profile, &exif_segment(6))).unwrap();
        assert_eq!(open(&turned).color(), image::ColorType::Rgb8);
        assert!(!contains(&turned.bytes, b"ICC_PROFILE"), "a profile of inks does not apply to RGB");
    }
}

fn icc_segment(profile: &[u8]) -> Vec<u8> {
    segment(0xe2, &[b"ICC_PROFILE\0\x01\x01", profile].concat())
}

#[test]
fn grey_with_alpha_and_deep_pictures_are_kept() {
    let glass = DynamicImage::from(glass(40, 30));
    for picture in [
        DynamicImage::from(glass.to_luma8()),
        glass.to_luma_alpha8().into(),
        glass.to_luma16().into(),
        glass.to_luma_alpha16().into(),
        glass.to_rgb16().into(),
        glass.to_rgba16().into(),
    ] {
        let image = clean(&encode(picture.clone(), ImageFormat::Png)).unwrap();
        assert_eq!(open(&image), picture);
    }
}

#[test]
fn a_palette_with_transparency_is_kept_and_can_be_turned() {
    let extra = [png_chunk(b"PLTE", &[255, 0, 0, 0, 255, 0]), png_chunk(b"tRNS", &[255, 0])].concat();
    let plain = png_of(2, 1, 1, 3, 0, &extra, &[0, 0b0100_0000]);
    let expected = RgbaImage::from_raw(2, 1, vec![255, 0, 0, 255, 0, 255, 0, 0]).unwrap();
    let image = clean(&plain).unwrap();
    assert_eq!(image.bytes, plain);
    assert_eq!(open(&image).to_rgba8(), expected);

    let turned = clean(&after_png_header(&plain, &png_chunk(b"eXIf", &crate::make::exif(3)))).unwrap();
    let pixels: Vec<_> = open(&turned).to_rgba8().pixels().copied().collect();
    assert_eq!(pixels, [Rgba([0, 255, 0, 0]), Rgba([255, 0, 0, 255])]);
}

#[test]
fn an_interlaced_png_is_kept() {
    // 3 x 3 grey: passes of Adam7 with 1, 1, 1 + 1, 2 and 3 pixels a row.
    let rows = [[0, 1].as_slice(), &[0, 2], &[0, 3, 4], &[0, 5], &[0, 6], &[0, 7, 8, 9]].concat();
    let plain = png_of(3, 3, 8, 0, 1, b"", &rows);
    let image = clean(&plain).unwrap();
    assert_eq!(image.bytes, plain);
    assert_eq!(open(&image).into_luma8().into_raw(), [1, 5, 2, 7, 8, 9, 3, 6, 4]);
}

#[test]
fn an_animated_png_keeps_its_default_image() {
    let plain = encode(quarters(40, 30), ImageFormat::Png);
    let chunks = [png_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]), png_chunk(b"fcTL", &[0; 26])].concat();
    let animated = after_png_header(&plain, &chunks);
    let end = animated.len() - 12;
    let animated = [&animated[..end], &png_chunk(b"fdAT", b"\0\0\0\x01SECRET"), &animated[end..]].concat();
    assert_eq!(clean(&animated).unwrap(), clean(&plain).unwrap());
}

/// An animation that hides its default image behind a frame.
fn hidden_by(left: u32, top: u32, frame: &[u8], picture: &[u8]) -> Vec<u8> {
    let place = [0, 0, 0, 0].into_iter().chain(frame[16..24].iter().copied());
    let place = place.chain([left, top].into_iter().flat_map(u32::to_be_bytes)).chain([0; 6]);
    let data = memchr::memmem::find(frame, b"IDAT").unwrap();
    let length = u32::from_be_bytes(frame[data - 4..data].try_into().unwrap()) as usize;
    let frame = [&[0, 0, 0, 1], &frame[data + 4..][..length]].concat();
    let chunks = [
        png_chunk(b"fcTL", &place.collect::<Vec<_>>()),
        png_chunk(b"fdAT", &frame),
        png_chunk(b"fcTL", &[0; 26]),
        png_chunk(b"fdAT", b"\0\0\0\x03SECRET"),
    ];
    let animated = after_png_header(picture, &png_chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    let end = animated.len() - 12;
    [&animated[..end], &chunks.concat(), &animated[end..]].concat()
}

#[test]
fn a_default_image_that_is_no_frame_gives_way_to_the_first_frame() {
    let default = encode(DynamicImage::from(quarters(40, 30)).fliph(), ImageFormat::Png);
    let first = encode(quarters(40, 30), ImageFormat::Png);
    let animated = hidden_by(0, 0, &first, &default);
    assert_eq!(clean(&animated).unwrap(), clean(&first).unwrap());
    let square = |bytes: Vec<u8>| {
        let square = imaging::inspect(bytes.into()).unwrap().square(Size::new(30).unwrap()).unwrap();
        square.encode(Kept::Png).bytes
    };
    assert_eq!(square(animated.clone()), square(first.clone()));

    // Without an announcement it is no animation.
    let at = memchr::memmem::find(&animated, b"acTL").unwrap();
    let still = [&animated[..at], b"prVt", &animated[at + 4..]].concat();
    assert_eq!(clean(&still).unwrap(), clean(&default).unwrap());
    // Truncated in the first frame.
    let end = memchr::memmem::find(&animated, b"fdAT").unwrap() + 20;
    assert!(matches!(clean(&animated[..end]), Err(domain::ImageError::Undecodable(_))));
}

#[test]
fn a_first_frame_of_a_png_keeps_its_position_on_the_canvas() {
    let small = quarters(8, 6);
    for (frame, canvas) in [
        (DynamicImage::from(small.clone()), DynamicImage::from(quarters(40, 30))),
        (
            DynamicImage::from(small.clone()).to_luma16().into(),
            DynamicImage::from(quarters(40, 30)).to_luma16().into(),
        ),
        (DynamicImage::from(small).to_rgba8().into(), DynamicImage::from(quarters(40, 30)).to_rgba8().into()),
    ] {
        let [canvas, alone] = [canvas, frame.clone()].map(|picture| encode(picture, ImageFormat::Png));
        let animated = hidden_by(10, 20, &alone, &canvas);
        let seen = open(&clean(&animated).unwrap()).to_rgba8();
        assert_eq!(seen.dimensions(), (40, 30));
        for (x, y, pixel) in frame.to_rgba8().enumerate_pixels() {
            assert_eq!(seen.get_pixel(10 + x, 20 + y), pixel, "{x}, {y}");
        }
        let outside = |x: u32, y: u32| !(10..18).contains(&x) || !(20..26).contains(&y);
        assert!(seen.enumerate_pixels().all(|(x, y, pixel)| !outside(x, y) || pixel[3] == 0));
        assert!(imaging::inspect(animated.into()).unwrap().render().is_ok());
    }
}

fn animated_webp(frames: &[Vec<u8>]) -> Vec<u8> {
    let head = [webp_extended(0x02 | 0x10, 40, 30), webp_chunk(b"ANIM", &[0; 6])];
    riff(&[head.concat(), frames.concat()])
}

#[test]
fn an_animated_webp_keeps_its_first_frame_without_loss() {
    let picture = webp_picture(glass(40, 30));
    let second = webp_frame(0, 0, 40, 30, &webp_picture(quarters(40, 30)));
    let image = clean(&animated_webp(&[webp_frame(0, 0, 40, 30, &picture), second])).unwrap();
    assert_eq!(image.bytes, riff(&[picture]));
}

#[test]
fn a_first_frame_smaller_than_its_canvas_keeps_its_position() {
    let frame = webp_frame(10, 20, 8, 6, &webp_picture(quarters(8, 6)));
    let image = clean(&animated_webp(&[frame])).unwrap();
    assert_eq!(image.format, Kept::Png);
    let seen = open(&image).to_rgba8();
    assert_eq!(seen.dimensions(), (40, 30));
    assert_eq!(seen.get_pixel(9, 20), &Rgba([0; 4]));
    assert_eq!(seen.get_pixel(10, 20), &Rgba([230, 20, 20, 255]));
    assert_eq!(seen.get_pixel(17, 25), &Rgba([240, 240, 240, 255]));
    assert_eq!(seen.get_pixel(18, 25), &Rgba([0; 4]));
}

#[test]
fn a_lossy_webp_is_kept_with_its_alpha() {
    let simple = riff(&[lossy_picture(40, 30)]);
    assert_eq!(clean(&simple).unwrap().bytes, simple);

    let alpha = webp_chunk(b"ALPH", &[&[0], [127; 40 * 30].as_slice()].concat());
    let glass = riff(&[webp_extended(0x10, 40, 30), alpha.clone(), lossy_picture(40, 30)]);
    let image = clean(&glass).unwrap();
    assert_eq!(image.bytes, glass);
    assert_eq!(open(&image).to_rgba8().get_pixel(5, 5)[3], 127);

    let frame = webp_frame(0, 0, 40, 30, &[alpha, lossy_picture(40, 30)].concat());
    assert_eq!(clean(&animated_webp(&[frame])).unwrap().bytes, glass);
}

#[test]
fn a_gif_is_kept_as_its_first_frame_on_its_screen() {
    let mut bytes = Vec::new();
    {
        let mut encoder = gif::Encoder::new(&mut bytes, 4, 4, &[255, 0, 0, 0, 0, 255]).unwrap();
        let first = gif::Frame { left: 1, top: 2, ..gif::Frame::from_indexed_pixels(2, 1, [0, 1], None) };
        encoder.write_frame(&first).unwrap();
        encoder.write_frame(&gif::Frame::from_indexed_pixels(4, 4, [0; 16], None)).unwrap();
    }
    let image = clean(&bytes).unwrap();
    assert_eq!(image.format, Kept::Png);
    let seen = open(&image).to_rgba8();
    assert_eq!(seen.dimensions(), (4, 4));
    assert_eq!(seen.get_pixel(1, 2), &Rgba([255, 0, 0, 255]));
    assert_eq!(seen.get_pixel(2, 2), &Rgba([0, 0, 255, 255]));
    assert_eq!(seen.get_pixel(0, 0)[3], 0);
}

/// A GIF with a first frame of 2 x 1 at 1, 2.
fn gif_on(screen: (u16, u16)) -> Vec<u8> {
    let mut bytes = Vec::new();
    {
        let mut encoder = gif::Encoder::new(&mut bytes, 4, 4, &[255, 0, 0, 0, 0, 255]).unwrap();
        let first = gif::Frame { left: 1, top: 2, ..gif::Frame::from_indexed_pixels(2, 1, [0, 1], None) };
        encoder.write_frame(&first).unwrap();
    }
    bytes[6..8].copy_from_slice(&screen.0.to_le_bytes());
    bytes[8..10].copy_from_slice(&screen.1.to_le_bytes());
    bytes
}

#[test]
fn the_screen_of_a_gif_grows_to_its_first_frame() {
    for (screen, seen_on) in
        [((0, 0), (3, 3)), ((1, 1), (3, 3)), ((2, 9), (3, 9)), ((9, 2), (9, 3)), ((3, 3), (3, 3))]
    {
        let bytes = gif_on(screen);
        let kept = open(&clean(&bytes).unwrap()).to_rgba8();
        assert_eq!(kept.dimensions(), seen_on, "{screen:?}");
        assert_eq!(kept.get_pixel(1, 2), &Rgba([255, 0, 0, 255]), "{screen:?}");
        assert_eq!(kept.get_pixel(2, 2), &Rgba([0, 0, 255, 255]), "{screen:?}");
        assert_eq!(kept.get_pixel(0, 0)[3], 0, "{screen:?}");
        assert!(imaging::inspect(bytes.into()).unwrap().render().is_ok(), "{screen:?}");
    }
}

#[test]
fn unsupported_variants_are_refused_as_such() {
    let plain = jpeg_of(&[128; 64], 8, 8, ColorType::Luma);
    let frame = memchr::memmem::find(&plain, b"\xff\xc0").unwrap();
    let with = |offset: usize, value: u8| {
        let mut changed = plain.clone();
        changed[frame + offset] = value;
        changed
    };
    let variants = [
        ("lossless", with(1, 0xc3)),
        ("hierarchical", with(1, 0xc5)),
        ("arithmetic", with(1, 0xc9)),
        ("12 bits", with(4, 12)),
        ("height in a later segment", with(6, 0)),
        ("two components", with(9, 2)),
    ];
    for (name, bytes) in variants {
        assert!(matches!(clean(&bytes), Err(domain::ImageError::Undecodable(_))), "{name}");
    }
}

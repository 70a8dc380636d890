//! Only data that the picture needs is kept, and pixels that need no turning are kept bit for bit.

use image::ImageFormat;
use jpeg_encoder::SamplingFactor;

use crate::{
    clean, contains,
    make::{
        after_png_header, after_start, encode, exif, exif_segment, glass, jpeg, jpeg_with, png_chunk,
        profile, quarters, riff, segment, webp_chunk, webp_extended, webp_picture, zlib,
    },
    open,
};

const TRAILER: &[u8] = b"<html><script>SECRET-TRAILER</script></html>PK\x03\x04SECRET";

fn thumbnail_in_jfif() -> Vec<u8> {
    segment(0xe0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x02SECRET")
}

#[test]
fn a_jpeg_loses_all_metadata_and_no_pixel() {
    let plain = jpeg(&quarters(40, 30));
    let secrets = [
        thumbnail_in_jfif(),
        exif_segment(1),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>SECRET-XMP</x:xmpmeta>"),
        segment(0xe0, b"JFXX\0\x10SECRET-THUMBNAIL"),
        segment(0xe2, b"MPF\0SECRET-MPF"),
        segment(0xed, b"Photoshop 3.0\08BIM\x04\x04SECRET-IPTC"),
        segment(0xec, b"Ducky SECRET"),
        segment(0xef, b"SECRET-APP15"),
        segment(0xfe, b"<html><body onload=SECRET-COMMENT>"),
        b"\xff\xff\xff".to_vec(),
    ]
    .concat();
    let dirty = [after_start(&plain, &secrets).as_slice(), TRAILER].concat();
    let image = clean(&dirty).unwrap();
    for secret in [b"SECRET".as_slice(), b"Exif", b"html", b"Photoshop", b"xmpmeta", b"MPF"] {
        assert!(!contains(&image.bytes, secret), "{} is kept", secret.escape_ascii());
    }
    assert!(open(&image) == open(&domain::Image::new(domain::ImageFormat::Jpeg, plain.clone().into())));
    assert_eq!(image.bytes.len(), plain.len());
}

#[test]
fn data_between_scans_is_dropped() {
    let plain =
        jpeg_with(&quarters(40, 30), SamplingFactor::F_1_1, 90, |encoder| encoder.set_progressive(true));
    let second_scan = memchr::memmem::rfind(&plain, b"\xff\xda").unwrap();
    let comment = segment(0xfe, b"SECRET");
    let dirty = [&plain[..second_scan], &comment, &exif_segment(6), &plain[second_scan..]].concat();
    assert_eq!(clean(&dirty).unwrap(), clean(&plain).unwrap());
}

#[test]
fn a_jpeg_keeps_its_profile_and_its_adobe_segment() {
    let rgb = profile(b"RGB ", 70_000);
    let with_profile = jpeg_with(&quarters(40, 30), SamplingFactor::F_2_2, 90, |encoder| {
        encoder.add_icc_profile(&rgb).unwrap();
    });
    let adobe = segment(0xee, b"Adobe\0\x64\0\0\0\0\x01SECRET");
    let image = clean(&after_start(&with_profile, &adobe)).unwrap();
    assert!(contains(&image.bytes, b"Adobe\0\x64\0\0\0\0\x01"));
    assert!(!contains(&image.bytes, b"SECRET"));
    assert_eq!(icc_of(&image.bytes), Some(rgb.clone()));

    let turned = clean(&after_start(&with_profile, &exif_segment(6))).unwrap();
    assert_eq!(icc_of(&turned.bytes), Some(rgb));
}

#[test]
fn profiles_of_other_colours_are_dropped() {
    for bad in [profile(b"GRAY", 500), profile(b"CMYK", 500), b"SECRET".repeat(40)] {
        let dirty = jpeg_with(&quarters(40, 30), SamplingFactor::F_2_2, 90, |encoder| {
            encoder.add_icc_profile(&bad).unwrap();
        });
        assert!(!contains(&clean(&dirty).unwrap().bytes, b"ICC_PROFILE"));
    }
}

fn icc_of(bytes: &[u8]) -> Option<Vec<u8>> {
    use image::ImageDecoder;
    let reader = image::ImageReader::new(std::io::Cursor::new(bytes)).with_guessed_format().unwrap();
    reader.into_decoder().unwrap().icc_profile().unwrap()
}

#[test]
fn a_png_loses_all_metadata_and_no_pixel() {
    let plain = encode(glass(40, 30), ImageFormat::Png);
    let secrets = [
        png_chunk(b"tEXt", b"Comment\0SECRET-TEXT"),
        png_chunk(b"zTXt", b"Comment\0\0SECRET"),
        png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0SECRET-XMP"),
        png_chunk(b"eXIf", &exif(1)),
        png_chunk(b"tIME", &[7, 234, 1, 1, 0, 0, 0]),
        png_chunk(b"pHYs", &[0; 9]),
        png_chunk(b"bKGD", &[0; 6]),
        png_chunk(b"prVt", b"SECRET-PRIVATE"),
        png_chunk(b"gAMA", b"SECRET-GAMMA"),
    ]
    .concat();
    let dirty = [after_png_header(&plain, &secrets).as_slice(), TRAILER].concat();
    let image = clean(&dirty).unwrap();
    for secret in [b"SECRET".as_slice(), b"tEXt", b"eXIf", b"tIME", b"pHYs", b"bKGD", b"html", b"PK\x03\x04"]
    {
        assert!(!contains(&image.bytes, secret), "{} is kept", secret.escape_ascii());
    }
    assert_eq!(open(&image), image::load_from_memory(&plain).unwrap());
}

#[test]
fn a_png_keeps_what_its_colours_mean() {
    let rgb = profile(b"RGB ", 600);
    let chunks = [
        png_chunk(b"gAMA", &45_455u32.to_be_bytes()),
        png_chunk(b"cHRM", &[1; 32]),
        png_chunk(b"cICP", &[9, 16, 0, 1]),
        png_chunk(b"iCCP", &[b"SECRET name\0\0", zlib(&rgb).as_slice(), b"SECRET"].concat()),
    ]
    .concat();
    for orientation in [1, 6] {
        let chunks = [chunks.clone(), png_chunk(b"eXIf", &exif(orientation))].concat();
        let image = clean(&after_png_header(&encode(quarters(40, 30), ImageFormat::Png), &chunks)).unwrap();
        for name in [b"gAMA", b"cHRM", b"cICP"] {
            assert!(contains(&image.bytes, name), "{} goes at {orientation}", name.escape_ascii());
        }
        assert!(!contains(&image.bytes, b"SECRET"));
        assert_eq!(icc_of(&image.bytes), Some(rgb.clone()));
    }
}

#[test]
fn a_profile_that_is_a_bomb_is_dropped() {
    let bomb = zlib(&vec![0; 8 * 1024 * 1024]);
    let chunk = png_chunk(b"iCCP", &[b"x\0\0", bomb.as_slice()].concat());
    let image = clean(&after_png_header(&encode(quarters(40, 30), ImageFormat::Png), &chunk)).unwrap();
    assert!(!contains(&image.bytes, b"iCCP"));
}

#[test]
fn nothing_hides_after_the_image_data_of_a_png() {
    let plain = encode(quarters(40, 30), ImageFormat::Png);
    let end = plain.len() - 12;
    let dirty = [&plain[..end], &png_chunk(b"IDAT", b"SECRET"), &plain[end..]].concat();
    assert_eq!(clean(&dirty).unwrap(), clean(&plain).unwrap());
}

#[test]
fn a_webp_loses_all_metadata_and_no_pixel() {
    let rgb = profile(b"RGB ", 601);
    let picture = webp_picture(glass(40, 30));
    let dirty = [
        riff(&[
            webp_extended(0x20 | 0x10 | 0x08 | 0x04, 40, 30),
            webp_chunk(b"ICCP", &rgb),
            webp_chunk(b"prVt", b"SECRET-PRIVATE"),
            picture.clone(),
            webp_chunk(b"EXIF", &exif(1)),
            webp_chunk(b"XMP ", b"<x:xmpmeta>SECRET-XMP</x:xmpmeta>"),
        ])
        .as_slice(),
        TRAILER,
    ]
    .concat();
    let image = clean(&dirty).unwrap();
    for secret in [b"SECRET".as_slice(), b"EXIF", b"XMP ", b"html"] {
        assert!(!contains(&image.bytes, secret), "{} is kept", secret.escape_ascii());
    }
    assert_eq!(image.bytes, riff(&[webp_extended(0x30, 40, 30), webp_chunk(b"ICCP", &rgb), picture.clone()]));

    let simple = clean(&riff(&[webp_extended(0x10, 40, 30), picture.clone()])).unwrap();
    assert_eq!(simple.bytes, riff(&[picture]));
}

#[test]
fn a_gif_with_a_script_becomes_a_png_without() {
    let gif = encode(glass(40, 30), ImageFormat::Gif);
    let comment = [b"!\xfe\x0eSECRET=1;/*...\0".as_slice()].concat();
    let table = 13 + if gif[10] & 0x80 == 0 { 0 } else { 3 << ((gif[10] & 7) + 1) };
    let dirty = [&gif[..table], &comment, &gif[table..], b"*/alert(SECRET)"].concat();
    let image = clean(&dirty).unwrap();
    assert_eq!(image.format, domain::ImageFormat::Png);
    assert!(!contains(&image.bytes, b"SECRET"));
    assert_eq!(image, clean(&gif).unwrap());
}

#[test]
fn clean_images_stay_the_same() {
    let samples = [
        jpeg(&quarters(40, 30)),
        encode(glass(40, 30), ImageFormat::Png),
        encode(glass(40, 30), ImageFormat::WebP),
        encode(glass(40, 30), ImageFormat::Gif),
        after_start(&jpeg(&quarters(40, 30)), &exif_segment(5)),
        after_png_header(&encode(glass(40, 30), ImageFormat::Png), &png_chunk(b"eXIf", &exif(3))),
    ];
    for sample in samples {
        let once = clean(&sample).unwrap();
        assert_eq!(clean(&once.bytes).unwrap(), once);
    }
}

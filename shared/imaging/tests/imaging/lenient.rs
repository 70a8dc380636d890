//! Files that are not as their format requires: taken where both browsers and the reference decoder show every pixel, and
//! otherwise refused by name.

use domain::{Image, ImageError};
use image::ImageFormat;
use imaging::Size;

use crate::{
    clean, contains,
    make::{
        after_png_header, encode, exif, glass, lossy_picture, noise, png_chunk, png_of, riff, webp_picture,
        zlib,
    },
    open,
};

/// Cleans, and checks that the result is clean by itself and free of secrets, and that it can be rendered.
fn taken(name: &str, bytes: &[u8]) -> Image {
    let image = clean(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(!contains(&image.bytes, b"SECRET"), "{name}");
    assert_eq!(clean(&image.bytes).as_ref(), Ok(&image), "{name}");
    let square = |bytes| {
        let inspected = imaging::inspect(bytes).unwrap();
        // Without scaling.
        let side = inspected.width().min(inspected.height());
        inspected.square(Size::new(side).unwrap()).unwrap().encode(domain::ImageFormat::Png).bytes
    };
    assert_eq!(square(bytes.to_vec().into()), square(image.bytes.clone()), "{name}");
    image
}

/// A PNG of grey pixels, whose image data is in pieces as they are.
fn grey_png(width: u32, height: u32, interlace: u8, pieces: &[&[u8]]) -> Vec<u8> {
    let whole = png_of(width, height, 8, 0, interlace, b"", b"");
    let data = memchr::memmem::find(&whole, b"IDAT").unwrap() - 4;
    let pieces: Vec<u8> = pieces.iter().flat_map(|piece| png_chunk(b"IDAT", piece)).collect();
    [&whole[..data], &pieces, &png_chunk(b"IEND", b"")].concat()
}

/// Rows of 100 pixels, and what follows them.
fn rows(count: usize, after: &[u8]) -> Vec<u8> {
    let noise = noise(100, 80).into_raw();
    let rows = noise.chunks_exact(100).take(count).flat_map(|row| [&[0], row].concat());
    rows.chain(after.iter().copied()).collect()
}

#[test]
fn a_png_with_more_image_data_than_its_rows_loses_the_rest() {
    let expected = clean(&grey_png(100, 60, 0, &[&zlib(&rows(60, b""))])).unwrap();
    for (name, data) in [
        ("rows", zlib(&rows(80, b""))),
        ("a byte", zlib(&rows(60, b"\0"))),
        ("a secret", zlib(&rows(60, &b"SECRET".repeat(10_000)))),
    ] {
        for piece in [7, 5_000, data.len()] {
            let pieces: Vec<_> = data.chunks(piece).collect();
            let image = taken(name, &grey_png(100, 60, 0, &pieces));
            assert_eq!(open(&image), open(&expected), "{name}");
        }
    }
    let rows = [[0, 1].as_slice(), &[0, 2], &[0, 3, 4], &[0, 5], &[0, 6], &[0, 7, 8, 9], b"SECRET"].concat();
    let interlaced = taken("interlaced", &grey_png(3, 3, 1, &[&zlib(&rows)]));
    assert_eq!(open(&interlaced).into_luma8().into_raw(), [1, 5, 2, 7, 8, 9, 3, 6, 4]);
}

#[test]
fn a_png_without_the_end_of_its_image_data_is_refused() {
    // Firefox does not show the last rows.
    let data = zlib(&rows(60, b""));
    let end = data.len() - 4;
    for data in [data[..end].to_vec(), data[..end - 20].to_vec(), [&data[..end], b"EVIL"].concat()] {
        assert!(matches!(clean(&grey_png(100, 60, 0, &[&data])), Err(ImageError::Undecodable(_))));
    }
}

#[test]
fn what_follows_the_image_data_of_a_png_may_be_missing() {
    let whole = encode(glass(20, 16), ImageFormat::Png);
    let expected = clean(&whole).unwrap();
    let end = whole.len() - 12;
    let text = png_chunk(b"tEXt", b"Comment\0SECRET");
    for (name, rest) in [
        ("nothing", vec![]),
        ("a part of the end", whole[end..end + 5].to_vec()),
        ("an end with a wrong checksum", [&whole[end..end + 8], b"EVIL"].concat()),
        ("a part of a text", text[..15].to_vec()),
        ("a text and no end", text),
    ] {
        assert_eq!(taken(name, &[&whole[..end], rest.as_slice()].concat()), expected, "{name}");
    }
}

#[test]
fn an_ancillary_chunk_with_a_wrong_checksum_is_not_there() {
    let plain = encode(glass(20, 16), ImageFormat::Png);
    let expected = clean(&plain).unwrap();
    for (name, data) in [
        (b"gAMA", 100_000u32.to_be_bytes().to_vec()),
        (b"tRNS", vec![0; 6]),
        (b"eXIf", exif(6)),
        (b"tEXt", b"Comment\0SECRET".to_vec()),
        (b"iCCP", b"SECRET\0\0".to_vec()),
    ] {
        let mut chunk = png_chunk(name, &data);
        *chunk.last_mut().unwrap() ^= 1;
        assert_eq!(taken(&name.escape_ascii().to_string(), &after_png_header(&plain, &chunk)), expected);
    }
    let palette = png_chunk(b"PLTE", &[255, 0, 0, 0, 255, 0]);
    let mut damaged = palette.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(clean(&png_of(2, 1, 1, 3, 0, &palette, &[0, 0b0100_0000])).is_ok());
    assert!(clean(&png_of(2, 1, 1, 3, 0, &damaged, &[0, 0b0100_0000])).is_err(), "the palette is needed");
}

#[test]
fn a_webp_whose_container_promises_more_than_there_is_is_refused_by_name() {
    // libwebp and Chromium refuse it; it is as a truncated one.
    for picture in [webp_picture(glass(20, 16)), lossy_picture(33, 21)] {
        let right = riff(&[picture]);
        assert!(clean(&right).is_ok());
        let size = u32::from_le_bytes(right[4..8].try_into().unwrap());
        for wrong in [size + 1, size + 2, u32::MAX - 1] {
            let file = [&right[..4], &wrong.to_le_bytes(), &right[8..]].concat();
            let Err(ImageError::Undecodable(why)) = clean(&file) else {
                panic!("{wrong} for {size} is taken")
            };
            assert_eq!(why, "the WebP is truncated, or its container has the wrong size");
        }
    }
}

/// A GIF of 2 x 1 pixels of the last two of four colours, with further blocks.
fn gif(further: &[u8], has_colours: bool) -> Vec<u8> {
    let (flags, table): (u8, &[u8]) =
        if has_colours { (0x81, &[0, 0, 0, 1, 1, 1, 255, 0, 0, 0, 0, 255]) } else { (0, &[]) };
    let screen = [b"GIF89a", [2, 0, 1, 0, flags, 0, 0].as_slice(), table].concat();
    // Clear, 2, 3, end: codes of 3 bits.
    let frame =
        [b",".as_slice(), &[0, 0, 0, 0, 2, 0, 1, 0, 0, 2, 2, 0b1101_0100, 0b0000_1010, 0, b';']].concat();
    [screen, further.to_vec(), frame].concat()
}

#[test]
fn an_unknown_extension_of_a_gif_is_skipped() {
    for extension in [b"!\x42\x06SECRET\0".as_slice(), b"!\0\0", b"!\x42\0!\xfe\x06SECRET\0"] {
        let seen = open(&taken("gif", &gif(extension, true))).to_rgba8();
        assert_eq!(seen.into_raw(), [255, 0, 0, 255, 0, 0, 255, 255]);
    }
}

#[test]
fn a_gif_without_colours_is_refused_by_name() {
    // Chromium draws the first black and Firefox white; both draw nothing for the second, which has no pixels either.
    let smallest = b"GIF89a\x01\0\x01\0\0\xff\0,\0\0\0\0\x01\0\x01\0\0\x02\0;".to_vec();
    for file in [gif(b"", false), smallest] {
        let Err(ImageError::Undecodable(why)) = clean(&file) else { panic!("it is taken") };
        assert_eq!(why, "the GIF has no colours");
    }
}

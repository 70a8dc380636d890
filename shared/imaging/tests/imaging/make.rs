//! Makes pictures and containers for tests.

use std::io::{Cursor, Write};

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// Red, green, blue and white quarters: no two turns look alike, and every codec keeps them apart.
pub(crate) fn quarters(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([230, 20, 20]),
        (false, true) => Rgb([20, 200, 20]),
        (true, false) => Rgb([20, 20, 230]),
        (false, false) => Rgb([240, 240, 240]),
    })
}

/// As [`quarters`], of which the white one is transparent.
pub(crate) fn glass(width: u32, height: u32) -> RgbaImage {
    let quarters = quarters(width, height);
    RgbaImage::from_fn(width, height, |x, y| {
        let Rgb([r, g, b]) = *quarters.get_pixel(x, y);
        if r == 240 { Rgba([0; 4]) } else { Rgba([r, g, b, 255]) }
    })
}

/// Noise, which no codec makes small.
pub(crate) fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    RgbImage::from_fn(width, height, |_, _| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [r, g, b, ..] = state.to_le_bytes();
        Rgb([r, g, b])
    })
}

/// Encodes with the `image` crate.
pub(crate) fn encode(picture: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A JPEG of 4:2:0 at quality 90.
pub(crate) fn jpeg(picture: &RgbImage) -> Vec<u8> {
    jpeg_with(picture, SamplingFactor::F_2_2, 90, |_| ())
}

/// A JPEG as `configure` says.
pub(crate) fn jpeg_with(
    picture: &RgbImage,
    sampling: SamplingFactor,
    quality: u8,
    configure: impl FnOnce(&mut Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(sampling);
    configure(&mut encoder);
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb).unwrap();
    out
}

/// A JPEG of raw samples.
pub(crate) fn jpeg_of(samples: &[u8], width: u16, height: u16, colours: ColorType) -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out, 90).encode(samples, width, height, colours).unwrap();
    out
}

/// The segment of a JPEG.
pub(crate) fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    [&[0xff, marker], &(data.len() as u16 + 2).to_be_bytes()[..], data].concat()
}

/// Puts bytes right after the start marker of a JPEG.
pub(crate) fn after_start(jpeg: &[u8], inserted: &[u8]) -> Vec<u8> {
    [&jpeg[..2], inserted, &jpeg[2..]].concat()
}

/// A TIFF block with an orientation and a maker's name.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    tiff.extend(b"SECRET-EXIF");
    tiff
}

/// An EXIF segment of a JPEG.
pub(crate) fn exif_segment(orientation: u8) -> Vec<u8> {
    segment(0xe1, &[b"Exif\0\0", exif(orientation).as_slice()].concat())
}

/// A colour profile with a valid header only.
pub(crate) fn profile(space: &[u8; 4], length: u32) -> Vec<u8> {
    let mut profile: Vec<u8> = (0..length).map(|index| (index * 7 % 251) as u8).collect();
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile[16..20].copy_from_slice(space);
    profile[36..40].copy_from_slice(b"acsp");
    profile
}

/// A colour profile made of tables alone (ICC.1:2022, 10.11): green becomes the lightness of a grey.
pub(crate) fn profile_of_tables() -> Vec<u8> {
    const TABLE_AT: u32 = 144;
    let fixed = |value: u32| (value << 16).to_be_bytes();
    let matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1].map(fixed).concat();
    let straight = (0..=255).collect::<Vec<u8>>().repeat(3);
    // By the corners of the cube of colours, blue first: lightness, and no hue.
    let grid: Vec<u8> = (0..8).flat_map(|corner: u8| [(corner >> 1 & 1) * 255, 128, 128]).collect();
    let table = [b"mft1\0\0\0\0\x03\x03\x02\0".as_slice(), &matrix, &straight, &grid, &straight].concat();
    let mut profile = vec![0; 128];
    profile[8..12].copy_from_slice(&[2, 0x10, 0, 0]);
    profile[12..24].copy_from_slice(b"mntrRGB Lab ");
    profile[36..40].copy_from_slice(b"acsp");
    profile.extend([1u32.to_be_bytes(), *b"A2B0", TABLE_AT.to_be_bytes()].concat());
    profile.extend((table.len() as u32).to_be_bytes());
    profile.extend(table);
    let length = profile.len() as u32;
    profile[..4].copy_from_slice(&length.to_be_bytes());
    profile
}

/// A chunk of a PNG.
pub(crate) fn png_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [name, data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &named, &crc32fast::hash(&named).to_be_bytes()].concat()
}

/// Puts bytes right after the header of a PNG.
pub(crate) fn after_png_header(png: &[u8], inserted: &[u8]) -> Vec<u8> {
    [&png[..33], inserted, &png[33..]].concat()
}

/// A PNG of raw rows, each with its filter byte, or of all passes.
pub(crate) fn png_of(
    width: u32,
    height: u32,
    depth: u8,
    colour: u8,
    interlace: u8,
    extra: &[u8],
    rows: &[u8],
) -> Vec<u8> {
    let header =
        [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, interlace]].concat();
    let data = zlib(rows);
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &png_chunk(b"IHDR", &header),
        extra,
        &png_chunk(b"IDAT", &data),
        &png_chunk(b"IEND", b""),
    ]
    .concat()
}

/// A zlib stream.
pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A chunk of a WebP.
pub(crate) fn webp_chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let padding = &[0][..data.len() % 2];
    [name, &(data.len() as u32).to_le_bytes()[..], data, padding].concat()
}

/// The container around chunks.
pub(crate) fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    [b"RIFF", &(body.len() as u32 + 4).to_le_bytes()[..], b"WEBP", &body].concat()
}

/// The `VP8X` chunk.
pub(crate) fn webp_extended(flags: u8, width: u32, height: u32) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    webp_chunk(b"VP8X", &[&[flags, 0, 0, 0], &width[..3], &height[..3]].concat())
}

/// The chunk of a lossless picture.
pub(crate) fn webp_picture(picture: impl Into<DynamicImage>) -> Vec<u8> {
    encode(picture, ImageFormat::WebP)[12..].to_vec()
}

/// A frame of an animation.
pub(crate) fn webp_frame(left: u32, top: u32, width: u32, height: u32, picture: &[u8]) -> Vec<u8> {
    let number = |value: u32| value.to_le_bytes()[..3].to_vec();
    let header =
        [number(left / 2), number(top / 2), number(width - 1), number(height - 1), number(100), vec![0]]
            .concat();
    webp_chunk(b"ANMF", &[header, picture.to_vec()].concat())
}

/// The chunk of a lossy picture, all of one colour: an arithmetic decoder reads zeros as "nothing here".
pub(crate) fn lossy_picture(width: u16, height: u16) -> Vec<u8> {
    let partition = 64 + usize::from(width) * usize::from(height) / 64;
    let tag = (partition as u32) << 5 | 1 << 4;
    let mut data =
        [&tag.to_le_bytes()[..3], b"\x9d\x01\x2a", &width.to_le_bytes(), &height.to_le_bytes()].concat();
    data.resize(data.len() + 2 * partition, 0);
    webp_chunk(b"VP8 ", &data)
}

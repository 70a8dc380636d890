//! Pictures like photographs: 2,000 × 1,333 pixels, about 0.8 MB as JPEG; 900 × 700, 110 kB; and 48 megapixels.

use std::ops::RangeInclusive;

use anyhow::ensure;
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

pub(crate) const WIDTH: u16 = 2000;
pub(crate) const HEIGHT: u16 = 1333;
/// Typical of cameras and phones.
const QUALITY: u8 = 90;
/// Large shapes, small ones, and sensor noise: cell size in pixels, and amplitude.
const OCTAVES: [(u32, f32); 7] =
    [(512, 60.0), (256, 34.0), (96, 22.0), (32, 14.0), (12, 9.0), (4, 10.0), (1, 9.0)];
/// The size of an upload, in bytes: the comparisons with other servers depend on it.
const UPLOAD_BYTES: RangeInclusive<usize> = 100_000..=120_000;

/// How [`blurred`] noise is.
#[derive(Clone, Copy)]
struct Blur {
    /// Over how many pixels it is smooth.
    cell: u32,
    /// The amplitude of the sensor noise on it.
    grain: f32,
}

/// A JPEG; another `seed` gives another picture.
pub(crate) fn photograph(seed: u32) -> anyhow::Result<Vec<u8>> {
    jpeg(WIDTH, HEIGHT, QUALITY, false, |x, y, channel| sample(x, y, seed * 3 + channel))
}

/// The same, 1,500 pixels wide and high.
pub(crate) fn square_photograph(seed: u32) -> anyhow::Result<Vec<u8>> {
    jpeg(1_500, 1_500, QUALITY, false, |x, y, channel| sample(x, y, seed * 3 + channel))
}

/// A JPEG of 900 × 700 pixels of blurred noise, quality 95, as a browser scales a photograph for an upload.
///
/// # Errors
/// If it has not the size of one.
pub(crate) fn blurred_noise() -> anyhow::Result<Vec<u8>> {
    let blur = Blur { cell: 32, grain: 1.5 };
    let image = jpeg(900, 700, 95, false, |x, y, channel| blurred(x, y, channel, blur))?;
    ensure!(UPLOAD_BYTES.contains(&image.len()), "the photograph has {} bytes", image.len());
    Ok(image)
}

/// A photograph as phones make it: 8,064 × 6,048 pixels, 48 megapixels.
pub(crate) fn phone(is_progressive: bool) -> anyhow::Result<Vec<u8>> {
    let blur = Blur { cell: 12, grain: 4.0 };
    jpeg(8_064, 6_048, 88, is_progressive, |x, y, channel| blurred(x, y, channel, blur))
}

/// `sample` returns a sample of the pixel at `x`, `y`: red, green or blue.
fn jpeg(
    width: u16,
    height: u16,
    quality: u8,
    is_progressive: bool,
    sample: impl Fn(u32, u32, u32) -> u8,
) -> anyhow::Result<Vec<u8>> {
    let mut pixels = Vec::new();
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            pixels.extend((0..3).map(|channel| sample(x, y, channel)));
        }
    }
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_progressive(is_progressive);
    encoder.encode(&pixels, width, height, ColorType::Rgb)?;
    Ok(out)
}

/// The JPEG with an EXIF segment that says: turn it by a quarter.
pub(crate) fn turned(jpeg: &[u8]) -> Vec<u8> {
    const EXIF: &[u8] =
        b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    [&jpeg[..2], EXIF, &jpeg[2..]].concat()
}

#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates and samples, all of them small"
)]
fn sample(x: u32, y: u32, seed: u32) -> u8 {
    let mut value = 120.0;
    for (octave, (cell, strength)) in (0..).zip(OCTAVES) {
        // All channels share the small shapes; the large ones differ in colour.
        let seed = if cell < 96 { seed / 3 + 1000 * octave } else { seed + 1000 * octave };
        let (left, top) = (x / cell, y / cell);
        let (right, down) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
        let corner = |dx, dy| noise(left + dx, top + dy, seed);
        let above = corner(0, 0) * (1.0 - right) + corner(1, 0) * right;
        let below = corner(0, 1) * (1.0 - right) + corner(1, 1) * right;
        value += strength * (above * (1.0 - down) + below * down);
    }
    value.clamp(0.0, 255.0) as u8
}

/// Smooth noise, with grain.
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "coordinates and samples, all of them small"
)]
fn blurred(x: u32, y: u32, seed: u32, Blur { cell, grain }: Blur) -> u8 {
    let (left, top) = (x / cell, y / cell);
    let (right, down) = ((x % cell) as f32 / cell as f32, (y % cell) as f32 / cell as f32);
    let corner = |dx, dy| noise(left + dx, top + dy, seed);
    let above = corner(0, 0) * (1.0 - right) + corner(1, 0) * right;
    let below = corner(0, 1) * (1.0 - right) + corner(1, 1) * right;
    let value = 127.5 + 90.0 * (above * (1.0 - down) + below * down) + grain * noise(x, y, seed + 7);
    value.clamp(0.0, 255.0) as u8
}

/// Deterministic noise for a position: -1 to 1.
#[allow(clippy::cast_precision_loss, reason = "16 bits")]
fn noise(x: u32, y: u32, seed: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77) ^ seed.wrapping_mul(0xc2b2_ae3d);
    hash = (hash ^ hash >> 15).wrapping_mul(0x2c1b_3c6d);
    hash = (hash ^ hash >> 12).wrapping_mul(0x297a_2d39);
    ((hash ^ hash >> 15) & 0xffff) as f32 / 32_767.5 - 1.0
}

use std::{io::Cursor, sync::OnceLock};

use image::{DynamicImage, ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// A photograph from `samples/`.
pub fn sample(name: &str) -> Vec<u8> {
    let path = format!("{}/../../samples/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A picture with a gradient that `seed` shifts.
pub fn picture(width: u32, height: u32, seed: u8, format: ImageFormat) -> Vec<u8> {
    let pixels = RgbImage::from_fn(width, height, |x, y| {
        let [x, y] = [x, y].map(|position| position.to_le_bytes()[0]);
        image::Rgb([x.wrapping_add(seed), y, x ^ y])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(pixels).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn small_jpeg() -> Vec<u8> {
    static JPEG: OnceLock<Vec<u8>> = OnceLock::new();
    JPEG.get_or_init(|| picture(16, 16, 0, ImageFormat::Jpeg)).clone()
}

/// The size of an image that must open.
#[track_caller]
pub fn opens(bytes: &[u8]) -> (u32, u32) {
    let image = image::load_from_memory(bytes).unwrap();
    (image.width(), image.height())
}

/// A progressive JPEG of one colour: few bytes, many pixels, and a decoder keeps all of its coefficients.
pub fn progressive_jpeg(width: u16, height: u16) -> Vec<u8> {
    let pixels = [90, 120, 150].repeat(usize::from(width) * usize::from(height));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 60);
    encoder.set_progressive(true);
    encoder.set_sampling_factor(SamplingFactor::F_2_1);
    encoder.encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

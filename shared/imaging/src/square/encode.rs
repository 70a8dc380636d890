//! Squares as files without metadata.

use crate::orientation::Orientation;
use bytes::Bytes;
use domain::{Image, ImageFormat};
use webp::{PixelLayout, WebPConfig};

use super::Square;
use crate::{jpeg, pixels::Pixels, png};

/// Of libjpeg's scale.
const JPEG_QUALITY: u8 = 85;

/// Colours at half the width and height, 4:2:0.
const SUBSAMPLED: bool = true;

/// More than the largest square has as PNG.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Of libwebp's scale.
const WEBP_QUALITY: f32 = 80.0;

/// Of 0 to 6. From here on libwebp tries every mode for every block, which takes 2.5 times as long and saves
/// a twentieth of the bytes.
const WEBP_METHOD: i32 = 2;

impl Square {
    /// The formats in which a rendition of this square is stored: WebP, and JPEG, or PNG where something is
    /// transparent.
    pub fn formats(&self) -> [ImageFormat; 2] {
        [ImageFormat::Webp, if self.is_transparent() { ImageFormat::Png } else { ImageFormat::Jpeg }]
    }

    /// The square as a file: lossy WebP (alpha without loss), PNG, or JPEG (4:2:0), with transparent pixels
    /// on white.
    pub fn encode(&self, format: ImageFormat) -> Image {
        let bytes = match format {
            ImageFormat::Webp => self.to_webp(),
            ImageFormat::Jpeg => self.to_jpeg(),
            ImageFormat::Png => self.to_png(),
        };
        Image::new(format, Bytes::from(bytes))
    }

    fn to_png(&self) -> Vec<u8> {
        let mut pixels = self.pixels.clone();
        pixels.drop_opaque_alpha();
        png::encode(&mut pixels, Orientation::NoTransforms, &[], MAX_BYTES).expect("a square is small")
    }

    fn to_webp(&self) -> Vec<u8> {
        let side = self.size().pixels();
        let mut config = WebPConfig::new().expect("libwebp has the version that this was built for");
        config.quality = WEBP_QUALITY;
        config.method = WEBP_METHOD;
        let encoded = webp::Encoder::new(self.rgba(), PixelLayout::Rgba, side, side).encode_advanced(&config);
        encoded.expect("any square can be encoded").to_vec()
    }

    fn to_jpeg(&self) -> Vec<u8> {
        let encode = |pixels| {
            jpeg::try_encode(pixels, Orientation::NoTransforms, None, SUBSAMPLED, JPEG_QUALITY, MAX_BYTES)
        };
        let encoded = if self.is_transparent() { encode(&self.on_white()) } else { encode(&self.pixels) };
        encoded.expect("a square is small")
    }

    fn on_white(&self) -> Pixels {
        let over_white = |pixel: &[u8]| {
            let alpha = u32::from(pixel[3]);
            [0, 1, 2, 3].map(|sample| {
                let blended = (u32::from(pixel[sample]) * alpha + 255 * (255 - alpha) + 127) / 255;
                u8::try_from(blended).expect("a mean of bytes")
            })
        };
        Pixels { data: self.rgba().chunks_exact(4).flat_map(over_white).collect(), ..self.pixels }
    }
}

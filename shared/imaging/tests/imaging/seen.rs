//! The pixels of a square, and how close they are to the expected ones.

use domain::ImageError;
use image::{DynamicImage, RgbaImage, imageops::FilterType};
use imaging::{Rendition, Size, Square};

pub(crate) fn size(pixels: u32) -> Size {
    Size::new(pixels).unwrap()
}

pub(crate) fn try_square(bytes: &[u8], pixels: u32) -> Result<Square, ImageError> {
    imaging::inspect(bytes.to_vec().into())?.square(size(pixels))
}

pub(crate) fn square(bytes: &[u8], pixels: u32) -> RgbaImage {
    opened(&try_square(bytes, pixels).unwrap())
}

/// The pixels of a square in any format.
pub(crate) fn opened(square: &Square) -> RgbaImage {
    let side = square.size().pixels();
    RgbaImage::from_raw(side, side, square.rgba().to_vec()).unwrap()
}

pub(crate) fn render(bytes: &[u8]) -> Vec<Rendition> {
    imaging::inspect(bytes.to_vec().into()).unwrap().render().unwrap()
}

/// A plain resize to fit, by another crate.
pub(crate) fn reference(picture: &DynamicImage, pixels: u32) -> RgbaImage {
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    picture.crop_imm(left, top, side, side).resize_exact(pixels, pixels, FilterType::Lanczos3).to_rgba8()
}

/// Peak signal-to-noise ratio of the visible pixels, in decibels.
pub(crate) fn likeness(left: &RgbaImage, right: &RgbaImage) -> f64 {
    assert_eq!(left.dimensions(), right.dimensions());
    let squares = left.iter().zip(right.iter()).map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2));
    let mean = squares.sum::<f64>() / f64::from(left.width() * left.height() * 3);
    10.0 * (255.0_f64.powi(2) / mean.max(1e-9)).log10()
}

pub(crate) fn assert_colour(picture: &RgbaImage, x: u32, y: u32, colour: [u8; 4]) {
    let found = picture.get_pixel(x, y).0;
    assert!(
        found.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12),
        "{found:?} is not {colour:?} at {x}, {y}"
    );
}

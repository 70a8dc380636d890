//! Draws the pictures in `samples/`. Everything is computed: nothing is taken from elsewhere.
//!
//! `cargo run --release -p roster-imaging --example make_samples -- samples`

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::many_single_char_names,
    reason = "coordinates and colours, all of them small"
)]

use std::{fs, path::Path};

use image::{ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage, codecs};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: make_samples FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    fs::write(folder.join("portrait.jpg"), jpeg(&portrait(960, 1200), 84, None)?)?;
    // The camera was held upright: the sensor's rows are the picture's columns.
    let sideways = image::imageops::rotate270(&landscape(720, 1080));
    fs::write(folder.join("landscape.jpg"), jpeg(&sideways, 84, Some(&exif_sideways_with_gps()))?)?;
    fs::write(folder.join("small.jpg"), jpeg(&portrait(256, 256), 95, None)?)?;
    fs::write(folder.join("badge.png"), png(&badge(256))?)?;
    fs::write(folder.join("leaf.webp"), webp(&leaf(160))?)?;
    fs::write(folder.join("sunrise.gif"), gif()?)?;
    fs::write(folder.join("drawing.svg"), DRAWING)?;
    fs::write(folder.join("phone.heic"), HEIC_HEADER)?;
    Ok(())
}

const DRAWING: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 8 8\"><circle cx=\"4\" cy=\"4\" r=\"3\"/></svg>\n";

/// The first box of a HEIC file, the only one that is read.
const HEIC_HEADER: &[u8] = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";

fn jpeg(picture: &RgbImage, quality: u8, exif: Option<&[u8]>) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, quality);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    if let Some(exif) = exif {
        encoder.add_exif_metadata(exif)?;
    }
    let (width, height) = (u16::try_from(picture.width())?, u16::try_from(picture.height())?);
    encoder.encode(picture.as_raw(), width, height, ColorType::Rgb)?;
    Ok(out)
}

fn png(picture: &RgbaImage) -> image::ImageResult<Vec<u8>> {
    let mut out = Vec::new();
    codecs::png::PngEncoder::new(&mut out).write_image(
        picture,
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgba8,
    )?;
    Ok(out)
}

fn webp(picture: &RgbaImage) -> image::ImageResult<Vec<u8>> {
    let mut out = Vec::new();
    let encoder = codecs::webp::WebPEncoder::new_lossless(&mut out);
    encoder.encode(picture, picture.width(), picture.height(), ExtendedColorType::Rgba8)?;
    Ok(out)
}

/// Eight frames of a rising sun.
fn gif() -> image::ImageResult<Vec<u8>> {
    let mut out = Vec::new();
    {
        let mut encoder = codecs::gif::GifEncoder::new(&mut out);
        for frame in 0..8u16 {
            let picture = RgbaImage::from_fn(96, 64, |x, y| {
                let (x, y) = (f64::from(x), f64::from(y));
                let sun = (x - 48.0).hypot(y - 60.0 + f64::from(frame) * 5.0) < 14.0;
                let [r, g, b] =
                    if y > 48.0 { [30, 60, 40] } else { [90 + frame as u8 * 16, 70 + frame as u8 * 8, 110] };
                if sun && y <= 48.0 { Rgba([250, 210, 90, 255]) } else { Rgba([r, g, b, 255]) }
            });
            encoder.encode_frame(image::Frame::new(picture))?;
        }
    }
    Ok(out)
}

/// A TIFF block: orientation 6, and a GPS block that names a place in the sea (0 N, 0 E).
fn exif_sideways_with_gps() -> Vec<u8> {
    let mut tiff = b"MM\0*\0\0\0\x08".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    };
    // Directory at 8: camera (10 bytes at 50), orientation, GPS directory at 60.
    tiff.extend(3u16.to_be_bytes());
    tiff.extend(entry(0x010f, 2, 10, 50u32.to_be_bytes()));
    tiff.extend(entry(0x0112, 3, 1, [0, 6, 0, 0]));
    tiff.extend(entry(0x8825, 4, 1, 60u32.to_be_bytes()));
    tiff.extend(0u32.to_be_bytes());
    tiff.extend(b"RosterCam\0");
    // Directory at 60: latitude and longitude with their references; three rationals each at 114 and 138.
    tiff.extend(4u16.to_be_bytes());
    tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(2, 5, 3, 114u32.to_be_bytes()));
    tiff.extend(entry(3, 2, 2, *b"E\0\0\0"));
    tiff.extend(entry(4, 5, 3, 138u32.to_be_bytes()));
    tiff.extend(0u32.to_be_bytes());
    for _ in 0..6 {
        tiff.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    }
    tiff
}

/// Smooth noise between 0 and 1: random values on a grid, faded into each other, in five octaves.
fn noise(x: f64, y: f64) -> f64 {
    let (mut sum, mut weight, mut scale) = (0.0, 0.5, 1.0);
    for _ in 0..5 {
        sum += weight * faded(x * scale, y * scale);
        weight /= 2.0;
        scale *= 2.0;
    }
    sum
}

fn faded(x: f64, y: f64) -> f64 {
    let (left, top) = (x.floor(), y.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (right_share, down_share) = (ease(x - left), ease(y - top));
    let mix = |a: f64, b: f64, share: f64| a + (b - a) * share;
    let upper = mix(grain(left, top), grain(left + 1.0, top), right_share);
    let lower = mix(grain(left, top + 1.0), grain(left + 1.0, top + 1.0), right_share);
    mix(upper, lower, down_share)
}

/// A number between 0 and 1 that belongs to a place.
fn grain(x: f64, y: f64) -> f64 {
    ((x * 12.9898 + y * 78.233).sin() * 43_758.545_3).rem_euclid(1.0)
}

fn colour(channels: [f64; 3]) -> Rgb<u8> {
    Rgb(channels.map(|channel| channel.clamp(0.0, 255.0) as u8))
}

/// Sky, sun, three ranges of hills and a meadow.
fn landscape(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |column, row| {
        let (x, y) = (f64::from(column) / f64::from(width), f64::from(row) / f64::from(height));
        let film = (grain(f64::from(column), f64::from(row)) - 0.5) * 6.0;
        for (index, base) in [0.5, 0.6, 0.72].into_iter().enumerate().rev() {
            let depth = index as f64;
            let ridge = base - 0.16 * noise(x * (3.0 + depth * 2.0) + depth * 17.0, depth);
            if y > ridge {
                let texture = noise(x * 60.0, y * 90.0) * 50.0 - 25.0;
                let shade = texture * (depth + 1.0) / 3.0 + film;
                return colour([
                    105.0 - depth * 28.0 + shade,
                    125.0 - depth * 12.0 + shade,
                    130.0 - depth * 45.0 + shade,
                ]);
            }
        }
        let glow = (-12.0 * (x - 0.7).hypot(y - 0.25)).exp() * 120.0;
        let cloud = (noise(x * 5.0, y * 14.0) - 0.5).max(0.0) * 190.0;
        colour([
            110.0 + 90.0 * y + glow + cloud + film,
            150.0 + 50.0 * y + glow * 0.8 + cloud + film,
            215.0 + cloud + film,
        ])
    })
}

/// A head and shoulders before a soft background.
fn portrait(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |column, row| {
        let (x, y) = (f64::from(column) / f64::from(width) - 0.5, f64::from(row) / f64::from(height));
        let film = (grain(f64::from(column), f64::from(row)) - 0.5) * 10.0;
        let texture = (noise(x * 90.0, y * 90.0) - 0.5) * 26.0 + film;
        let light = 1.0 - 0.5 * (x + 0.35).abs();
        let inside = |cx: f64, cy: f64, rx: f64, ry: f64| ((x - cx) / rx).hypot((y - cy) / ry) < 1.0;
        let [r, g, b] = if inside(-0.07, 0.4, 0.018, 0.012) || inside(0.07, 0.4, 0.018, 0.012) {
            [50.0, 38.0, 34.0]
        } else if inside(0.0, 0.55, 0.06, 0.012) {
            [165.0, 85.0, 80.0]
        } else if inside(0.0, 0.28, 0.2, 0.14) && y < 0.31 + 0.1 * x.abs()
            || inside(0.0, 0.3, 0.21, 0.16) && x.abs() > 0.165
        {
            [62.0 + texture, 44.0 + texture, 34.0 + texture]
        } else if inside(0.0, 0.42, 0.18, 0.23) || (x.abs() < 0.08 && (0.5..0.75).contains(&y)) {
            [222.0 + texture * 0.4, 176.0 + texture * 0.4, 150.0 + texture * 0.4]
        } else if inside(0.0, 1.05, 0.42, 0.36) {
            [48.0 + texture, 84.0 + texture, 128.0 + texture]
        } else {
            let blur = noise(x * 4.0 + 9.0, y * 4.0) * 90.0;
            [120.0 + blur + film, 135.0 + blur + film, 118.0 + blur * 0.7 + film]
        };
        colour([r * light, g * light, b * light])
    })
}

/// A round badge: the corners are transparent, the rim fades.
fn badge(side: u32) -> RgbaImage {
    RgbaImage::from_fn(side, side, |column, row| {
        let half = f64::from(side) / 2.0;
        let (x, y) = ((f64::from(column) - half) / half, (f64::from(row) - half) / half);
        let radius = x.hypot(y);
        let star = 0.45 + 0.2 * (y.atan2(x) * 5.0).cos();
        let Rgb([r, g, b]) =
            if radius < star { colour([250.0, 215.0, 90.0]) } else { colour([70.0, 90.0 - 40.0 * y, 160.0]) };
        Rgba([r, g, b, ((1.0 - radius) * half * 32.0).clamp(0.0, 255.0) as u8])
    })
}

/// A leaf on a transparent ground.
fn leaf(side: u32) -> RgbaImage {
    RgbaImage::from_fn(side, side, |column, row| {
        let (x, y) = (f64::from(column) / f64::from(side) - 0.5, f64::from(row) / f64::from(side));
        let edge = 0.38 * (y * std::f64::consts::PI).sin().max(0.0).powf(1.2);
        let vein = (x.abs() * 9.0 - y * 9.0).rem_euclid(1.0) < 0.12 || x.abs() < 0.01;
        let Rgb([r, g, b]) =
            if vein { colour([150.0, 190.0, 90.0]) } else { colour([60.0, 140.0 - 60.0 * y, 60.0]) };
        Rgba([r, g, b, if x.abs() < edge { 255 } else { 0 }])
    })
}

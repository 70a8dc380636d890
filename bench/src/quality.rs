//! How good renditions look: SSIMULACRA2 of Roster's and of vipsthumbnail's.
//!
//! The reference is the whole picture, decoded by a third decoder and scaled by Lanczos (three lobes) in floating
//! point, from samples as they are stored, not as light: both sides scale so, as browsers do. The pictures have
//! sides of which both sides cut the same pixels: a shift by a part of a pixel would cost points.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use domain::{ImageFormat, Rendition};
use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use image::RgbImage;

use crate::{
    create::PORTRAIT,
    pairs::Spread,
    photograph::square_photograph,
    renditions::{JPEG, WEBP, vips},
    report::{Report, Target, Unit},
};

/// Generated ones, beside the portrait.
const PHOTOGRAPHS: u32 = 4;
const SIZES: [u32; 2] = [256, 128];
const FORMATS: [(ImageFormat, &str); 2] = [(ImageFormat::Jpeg, JPEG), (ImageFormat::Webp, WEBP)];
/// How many points Roster's may have less: a tenth of what is between high quality (70) and very high (90).
const MARGIN: f64 = 2.0;
const POINTS: Unit = Unit { name: "points", digits: 1 };

/// A picture of which renditions are made.
struct Picture {
    file: PathBuf,
    bytes: Vec<u8>,
    pixels: RgbImage,
}

pub(crate) fn measure(folder: &Path, report: &mut Report) -> anyhow::Result<()> {
    let folder = folder.join("quality");
    fs::create_dir_all(&folder)?;
    let photographs = (0..PHOTOGRAPHS).map(square_photograph).chain([Ok(PORTRAIT.to_vec())]);
    let pictures = photographs.enumerate().map(|(number, bytes)| Picture::new(&folder, number, bytes?));
    let pictures = pictures.collect::<anyhow::Result<Vec<_>>>()?;
    let mut remarks = Vec::new();
    for side in SIZES {
        let references: Vec<_> = pictures.iter().map(|picture| scaled(&picture.pixels, side)).collect();
        for (format, options) in FORMATS {
            let ours = pictures.iter().map(|picture| picture.ours(side, format));
            let ours = ours.collect::<anyhow::Result<Vec<_>>>()?;
            let our_bytes: usize = ours.iter().map(Vec::len).sum();
            let ours = scores(&references, side, &ours)?;
            let files: Vec<_> = pictures.iter().map(|picture| picture.file.clone()).collect();
            vips(&folder, side, format.extension(), options, &files)?;
            let theirs = pictures.iter().map(|picture| picture.theirs(&folder, format));
            let theirs = theirs.collect::<anyhow::Result<Vec<_>>>()?;
            let their_bytes: usize = theirs.iter().map(Vec::len).sum();
            let theirs = scores(&references, side, &theirs)?;
            let name = format!("{side}² {}: SSIMULACRA2", format.extension());
            let differences = ours.iter().zip(&theirs).map(|(ours, theirs)| ours - theirs);
            let differences = Spread::new(differences.collect());
            let (ours, theirs) = (Spread::new(ours), Spread::new(theirs));
            report.figure(&name, Target::AtLeast(theirs.median() - MARGIN), &ours, POINTS);
            remarks.push(format!(
                "{name} {:.1} with {our_bytes} bytes, vipsthumbnail {:.1} with {their_bytes}; of one picture {:.1} to \
                 {:.1} more",
                ours.median(),
                theirs.median(),
                differences.min(),
                differences.max(),
            ));
        }
    }
    report.remark(format!("{}. The target is {MARGIN} points below vipsthumbnail.", remarks.join(". ")));
    Ok(())
}

impl Picture {
    fn new(folder: &Path, number: usize, bytes: Vec<u8>) -> anyhow::Result<Self> {
        let file = folder.join(format!("{number}.jpg"));
        fs::write(&file, &bytes)?;
        let pixels = image::load_from_memory(&bytes)?.to_rgb8();
        Ok(Self { file, bytes, pixels })
    }

    /// The rendition as Roster stores it.
    fn ours(&self, side: u32, format: ImageFormat) -> anyhow::Result<Vec<u8>> {
        let renditions = imaging::inspect(self.bytes.clone().into())?.render()?;
        let is_it = |made: &Rendition| made.size.pixels() == side && made.image.format == format;
        let made = renditions.into_iter().find(is_it);
        Ok(made.context("Roster makes no such rendition")?.image.bytes.to_vec())
    }

    /// What [`vips`] has made last.
    fn theirs(&self, folder: &Path, format: ImageFormat) -> anyhow::Result<Vec<u8>> {
        let stem = self.file.file_stem().context("the file has a name")?;
        let folder = folder.join(format!("vips-{}", format.extension()));
        Ok(fs::read(folder.join(stem).with_extension(format.extension()))?)
    }
}

fn scores(references: &[Vec<u8>], side: u32, renditions: &[Vec<u8>]) -> anyhow::Result<Vec<f64>> {
    references
        .iter()
        .zip(renditions)
        .map(|(reference, rendition)| score(reference, side, rendition))
        .collect()
}

/// 100 for the reference itself; from 90 on hardly anyone sees a difference.
fn score(reference: &[u8], side: u32, rendition: &[u8]) -> anyhow::Result<f64> {
    let rendition = image::load_from_memory(rendition)?.to_rgb8();
    ensure!(rendition.dimensions() == (side, side), "a rendition has {:?} pixels", rendition.dimensions());
    let pixels = |bytes| {
        let row_bytes = usize::try_from(side)? * 3;
        anyhow::Ok(PixelSlice::new(bytes, side, side, row_bytes, PixelDescriptor::RGB8_SRGB)?)
    };
    Ok(compute_ssimulacra2(&pixels(reference)?, &pixels(rendition.as_raw())?)?)
}

/// The square in the middle, scaled to `side` pixels.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to a byte")]
fn scaled(picture: &RgbImage, side: u32) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let short = width.min(height);
    let middle = image::imageops::crop_imm(picture, (width - short) / 2, (height - short) / 2, short, short);
    let pixels: Vec<[f32; 3]> = middle.to_image().pixels().map(|pixel| pixel.0.map(f32::from)).collect();
    let weights = weights(short as usize, side as usize);
    let columns = shrunk(&pixels, short as usize, &weights);
    let rows = shrunk(&columns, short as usize, &weights);
    rows.into_iter().flatten().map(|sample| sample.round().clamp(0.0, 255.0) as u8).collect()
}

/// Each row of `length` pixels shrunk. The result is transposed, so that the same again shrinks the columns.
fn shrunk(pixels: &[[f32; 3]], length: usize, weights: &[(usize, Vec<f32>)]) -> Vec<[f32; 3]> {
    let sum = |row: &[[f32; 3]], (first, taps): &(usize, Vec<f32>)| {
        let taps = taps.iter().zip(&row[*first..]);
        taps.fold([0.0; 3], |sum, (tap, pixel)| {
            [0, 1, 2].map(|channel| tap.mul_add(pixel[channel], sum[channel]))
        })
    };
    weights.iter().flat_map(|weight| pixels.chunks_exact(length).map(move |row| sum(row, weight))).collect()
}

/// For each pixel of the result the first of the source that counts, and how much it and the next ones count.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "sides of pictures"
)]
fn weights(from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
    const LOBES: f32 = 3.0;
    let lanczos = |x: f32| {
        let sinc = |x: f32| if x == 0.0 { 1.0 } else { x.sin() / x };
        let x = x * std::f32::consts::PI;
        sinc(x) * sinc(x / LOBES)
    };
    let scale = from as f32 / to as f32;
    let taps = |pixel| {
        let centre = (pixel as f32 + 0.5) * scale - 0.5;
        let first = (centre - LOBES * scale).ceil().max(0.0) as usize;
        let last = ((centre + LOBES * scale).floor() as usize).min(from - 1);
        let taps: Vec<f32> = (first..=last).map(|at| lanczos((at as f32 - centre) / scale)).collect();
        let sum: f32 = taps.iter().sum();
        (first, taps.into_iter().map(|tap| tap / sum).collect())
    };
    (0..to).map(taps).collect()
}

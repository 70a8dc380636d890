//! `clean` stays within the estimate of `working_bytes`, which is not far above the real use.

use std::{path::Path, process::Command};

use bytes::Bytes;
use domain::{ImageError, Size};
use image::{ImageFormat, RgbImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::make::{
    after_png_header, after_start, encode, exif, exif_segment, glass, jpeg_with, lossy_picture, noise,
    png_chunk, png_of, quarters, riff, webp_chunk, webp_extended, webp_picture,
};

const MIB: u64 = 1024 * 1024;

/// The measured peak of this thread, in bytes.
fn measured<T>(work: impl FnOnce() -> Result<T, ImageError>) -> u64 {
    let mut outcome = None;
    let peak = allocation_counter::measure(|| outcome = Some(work())).bytes_max;
    outcome.unwrap().unwrap();
    peak
}

fn assert_between(name: &str, peak: u64, estimate: u64, spare: u64) {
    assert!(peak <= estimate, "{name}: {peak} is more than {estimate}");
    assert!(estimate <= peak * 2 + spare, "{name}: {estimate} is far above {peak}");
}

/// Cleaning and rendering each stay within their estimate. Allocations of libwebp are in the estimate but not
/// measured; for a JPEG everything is measured, since libjpeg allocates most of it.
fn assert_kept(name: &str, bytes: Vec<u8>) {
    if bytes.starts_with(b"\xff\xd8") {
        return assert_kept_by_a_process(name, &bytes);
    }
    let bytes = Bytes::from(bytes);
    let inspect = || imaging::inspect(bytes.clone()).unwrap();
    let (cleaned, rendered) = (inspect(), inspect());
    let estimates = [cleaned.working_bytes(), rendered.rendering_bytes(Size::EAGER[0])];
    assert_between(name, measured(|| cleaned.clean()), estimates[0], 8 * MIB);
    assert_between(&format!("{name}, rendered"), measured(|| rendered.render()), estimates[1], 14 * MIB);
}

/// The same, measured from outside: the memory that a separate process gets from the system.
fn assert_kept_by_a_process(name: &str, bytes: &[u8]) {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.jpg"));
    std::fs::write(&file, bytes).unwrap();
    for work in ["clean", "render", "largest"] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "memory::a_process_keeps_to_the_estimate"])
            .envs([("MEASURED_FILE", file.as_os_str()), ("MEASURED_WORK", work.as_ref())])
            .output()
            .unwrap();
        assert!(child.status.success(), "{name}, {work}: {}", String::from_utf8_lossy(&child.stdout));
    }
    std::fs::remove_file(file).unwrap();
}

/// Peak memory of this process, in bytes. Only on Linux.
fn peak_of_this_process() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the parent test passes what to measure")]
fn a_process_keeps_to_the_estimate() {
    let bytes = match std::env::var_os("MEASURED_FILE") {
        Some(file) => std::fs::read(file).unwrap(),
        None => crate::make::jpeg(&quarters(64, 64)),
    };
    let renders = std::env::var("MEASURED_WORK").is_ok_and(|work| work == "render");
    let inspected = imaging::inspect(bytes.into()).unwrap();
    let estimate =
        if renders { inspected.rendering_bytes(Size::EAGER[0]) } else { inspected.working_bytes() };
    let Some(before) = peak_of_this_process() else { return };
    if renders {
        inspected.render().unwrap();
    } else {
        inspected.clean().unwrap();
    }
    let peak = peak_of_this_process().unwrap() - before;
    // Code that runs for the first time counts as well.
    assert_between("a process", peak, estimate + 4 * MIB, 18 * MIB);
}

/// A picture that is small as a file, cheap to make, and not all the same.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x / 32) as u8, (y / 16) as u8, ((x ^ y) / 64) as u8])
    })
}

/// 32 megapixels.
fn largest() -> RgbImage {
    picture(8_000, 4_000)
}

fn largest_jpeg(progressive: bool) -> Vec<u8> {
    let picture = largest();
    jpeg_with(&picture, SamplingFactor::F_2_2, 80, |encoder| encoder.set_progressive(progressive))
}

#[test]
fn the_largest_jpegs_keep_to_the_estimate() {
    let baseline = largest_jpeg(false);
    let upright = imaging::inspect(baseline.clone().into()).unwrap().working_bytes();
    assert!(upright < 8 * MIB, "an upright one is decoded row by row: {upright}");
    let turned = after_start(&baseline, &exif_segment(6));
    assert!(imaging::inspect(turned.clone().into()).unwrap().working_bytes() < 160 * MIB);
    assert_kept("32 MP jpeg", baseline);
    assert_kept("32 MP jpeg, turned", turned);
    assert_kept("32 MP progressive jpeg", largest_jpeg(true));
}

#[test]
fn a_turned_photograph_of_50_megapixels_fits_the_default_memory() {
    let photograph = jpeg_with(&picture(8_192, 6_144), SamplingFactor::F_2_2, 80, |_| ());
    let turned = after_start(&photograph, &exif_segment(6));
    let inspected = imaging::inspect(turned.clone().into()).unwrap().keeping_at_most(16 << 20);
    assert!(inspected.working_bytes() < 100 * MIB, "{}", inspected.working_bytes());
    assert!(inspected.rendering_bytes(Size::MAX) < 100 * MIB, "{}", inspected.rendering_bytes(Size::MAX));
    assert_kept("50 MP jpeg, turned", turned);
}

#[test]
fn the_largest_png_keeps_to_the_estimate() {
    let png = encode(largest(), ImageFormat::Png);
    assert_kept("32 MP png, turned", after_png_header(&png, &png_chunk(b"eXIf", &exif(6))));
    assert_kept("32 MP png", png);
}

#[test]
fn every_kind_keeps_to_the_estimate() {
    let scans = jpeg_with(&noise(700, 500), SamplingFactor::F_1_1, 70, |encoder| {
        encoder.set_optimized_huffman_tables(true);
    });
    let mut grey = Vec::new();
    Encoder::new(&mut grey, 70).encode(&vec![99; 700 * 500], 700, 500, ColorType::Luma).unwrap();
    let alpha = webp_chunk(b"ALPH", &[&[0], vec![127; 700 * 500].as_slice()].concat());
    let exif_chunk = || webp_chunk(b"EXIF", &exif(6));
    let specimens = [
        ("jpeg in scans", scans.clone()),
        ("jpeg in scans, turned", after_start(&scans, &exif_segment(8))),
        ("grey jpeg", grey.clone()),
        ("grey jpeg, turned", after_start(&grey, &exif_segment(5))),
        ("noisy png", encode(noise(1_100, 1_000), ImageFormat::Png)),
        (
            "noisy png, turned",
            after_png_header(&encode(noise(1_300, 1_000), ImageFormat::Png), &png_chunk(b"eXIf", &exif(6))),
        ),
        ("opaque webp", encode(noise(1_000, 1_000), ImageFormat::WebP)),
        ("webp", encode(glass(2_000, 1_500), ImageFormat::WebP)),
        (
            "webp, turned",
            riff(&[webp_extended(0x18, 2_000, 1_500), webp_picture(glass(2_000, 1_500)), exif_chunk()]),
        ),
        (
            "opaque webp, turned",
            riff(&[webp_extended(0x08, 1_000, 1_000), webp_picture(noise(1_000, 1_000)), exif_chunk()]),
        ),
        ("lossy webp", riff(&[lossy_picture(2_000, 1_500)])),
        ("lossy webp with alpha", riff(&[webp_extended(0x10, 700, 500), alpha, lossy_picture(700, 500)])),
        ("gif", encode(glass(1_000, 800), ImageFormat::Gif)),
        ("the largest png that is not shrunk", encode(quarters(1_535, 1_535), ImageFormat::Png)),
        ("small jpeg", crate::make::jpeg(&quarters(64, 64))),
        ("small png", encode(glass(64, 64), ImageFormat::Png)),
    ];
    for (name, bytes) in specimens {
        assert_kept(name, bytes);
    }
}

/// What is inflated after the last row is left out: the rows are compressed anew, in more room than they took.
#[test]
fn a_png_whose_rows_are_compressed_anew_keeps_to_the_estimate() {
    for (width, height) in [(16, 16), (300, 200), (1_500, 1_000)] {
        let picture = noise(width, height);
        let rows = picture.as_raw().chunks(3 * width as usize);
        let mut rows: Vec<u8> = rows.flat_map(|row| [&[0], row].concat()).collect();
        rows.push(0);
        assert_kept(&format!("{width} x {height}"), png_of(width, height, 8, 2, 0, &[], &rows));
    }
}

#[test]
fn a_png_with_very_many_chunks_keeps_to_the_estimate() {
    let empty = png_chunk(b"IDAT", &[]).repeat(1_000_000);
    let png = png_of(1, 1, 8, 2, 0, &empty, &[0, 1, 2, 3]);
    let inspected = imaging::inspect(png.into()).unwrap();
    let estimate = inspected.working_bytes();
    assert_between("a million chunks", measured(|| inspected.clean()), estimate, 8 * MIB);
}

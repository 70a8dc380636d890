//! JPEGs are rendered and kept as libjpeg shows them: files on which decoders differ, with the pixels from
//! its `djpeg` (`tests/images/jpegs.py` makes both; `just image-parity` compares hundreds more).

use image::{DynamicImage, RgbImage};
use imaging::Size;

use crate::{
    clean,
    make::{after_start, exif_segment},
    open,
    seen::{square, try_square},
};

/// The name of a sample, its bytes, and the pixels that libjpeg decodes.
macro_rules! samples {
    ($($name:literal),* $(,)?) => {
        [$((
            $name,
            include_bytes!(concat!("../libjpeg/", $name, ".jpg")).as_slice(),
            include_bytes!(concat!("../libjpeg/", $name, ".ppm")).as_slice(),
        )),*]
    };
}

const SAMPLES: [(&str, &[u8], &[u8]); 15] = samples![
    "one-by-one",
    "luma-first",
    "luma-last",
    "jfif-adobe0",
    "rgb-ids-jfif",
    "rgb-ids-adobe1",
    "rgb-ids",
    "adobe7",
    "luma-below-chroma",
    "luma-below-chroma-progressive",
    "factor-3",
    "no-dht",
    "no-eoi-trailer",
    "dnl",
    "repeated-ids",
];

const WIDTH: u32 = 29;
const HEIGHT: u32 = 21;

/// The pixels of a PPM.
fn shown(ppm: &[u8]) -> RgbImage {
    let header = b"P6\n29 21\n255\n";
    assert!(ppm.starts_with(header));
    RgbImage::from_raw(WIDTH, HEIGHT, ppm[header.len()..].to_vec()).unwrap()
}

fn largest_difference(left: &[u8], right: &[u8]) -> u8 {
    assert_eq!(left.len(), right.len());
    left.iter().zip(right).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn every_kind_is_rendered_and_kept_as_libjpeg_shows_it() {
    for (name, jpeg, ppm) in SAMPLES {
        let shown = shown(ppm);
        let middle = DynamicImage::from(shown.clone()).crop_imm((WIDTH - HEIGHT) / 2, 0, HEIGHT, HEIGHT);
        let kept = clean(jpeg).unwrap_or_else(|error| panic!("{name}: {error}"));
        for bytes in [jpeg, &kept.bytes] {
            let rendered = square(bytes, HEIGHT);
            // Decoded by libjpeg itself, so only the conversion to RGBA may round.
            assert!(largest_difference(&rendered, &middle.to_rgba8()) <= 1, "{name}");
        }
        assert_eq!(open(&kept).to_rgb8(), shown, "{name}");
        assert_eq!(clean(&kept.bytes).unwrap(), kept, "{name}");
    }
}

#[test]
fn every_kind_is_turned_with_little_loss() {
    for (name, jpeg, ppm) in SAMPLES {
        let kept = clean(&after_start(jpeg, &exif_segment(6))).unwrap();
        let upright = DynamicImage::from(shown(ppm)).rotate90().to_rgb8();
        let kept = open(&kept).to_rgb8();
        assert_eq!(kept.dimensions(), upright.dimensions(), "{name}");
        let off: u64 = kept.iter().zip(upright.iter()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
        let mean = off / u64::from(WIDTH * HEIGHT * 3);
        // Samples with other colours than those they were encoded from lose the most.
        assert!(mean <= 10, "{name}: mean difference {mean} is more than re-encoding costs");
    }
}

#[test]
fn kinds_that_were_rendered_wrong_are_found() {
    let wrong = [
        "one-by-one",
        "luma-first",
        "luma-last",
        "jfif-adobe0",
        "rgb-ids-jfif",
        "rgb-ids-adobe1",
        "luma-below-chroma",
        "luma-below-chroma-progressive",
    ];
    for (name, jpeg, _) in SAMPLES {
        let found = imaging::inspect(jpeg.to_vec().into()).unwrap().was_rendered_wrong().unwrap();
        assert_eq!(found, wrong.contains(&name), "{name}");
    }
}

#[test]
fn a_missing_end_marker_is_accepted_and_missing_blocks_are_not() {
    let (_, whole, _) = SAMPLES.into_iter().find(|(name, ..)| *name == "luma-last").unwrap();
    let kept = clean(whole).unwrap();
    let end = whole.len() - 2;
    assert_eq!(clean(&whole[..end]).unwrap(), kept);
    for trailer in [b"SEFT".as_slice(), b"\xff\xd0\xff\0SEFT", b"\xff", b"\xff\xda\0\x02"] {
        assert_eq!(clean(&[&whole[..end], trailer].concat()).unwrap(), kept);
    }
    for cut in [end - 40, end / 2] {
        assert!(clean(&whole[..cut]).is_err());
        assert!(clean(&[&whole[..cut], b"\xff\xd9"].concat()).is_err());
        assert!(try_square(&whole[..cut], Size::MAX.pixels()).is_err());
    }
}

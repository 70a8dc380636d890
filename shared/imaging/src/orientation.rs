//! How a picture must be turned to be upright: EXIF tag 0x0112 (CIPA DC-008, 4.6.5).

use image::metadata::Orientation;

/// The orientation that a TIFF block (EXIF without its `Exif\0\0` prefix) asks for; upright where it is
/// broken.
pub(crate) fn of_exif(tiff: &[u8]) -> Orientation {
    let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    Orientation::from_exif_chunk(tiff).unwrap_or(Orientation::NoTransforms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(value: u8) -> Vec<u8> {
        let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        tiff.extend([value, 0, 0, 0, 0, 0, 0, 0]);
        tiff
    }

    #[test]
    fn the_eight_values_are_known_and_others_are_upright() {
        for value in 1..=8 {
            assert_eq!(of_exif(&exif(value)).to_exif(), value);
        }
        for value in [0, 9, 255] {
            assert_eq!(of_exif(&exif(value)), Orientation::NoTransforms);
        }
    }

    #[test]
    fn broken_exif_is_upright() {
        let whole = exif(6);
        for end in 0..22 {
            assert_eq!(of_exif(&whole[..end]).to_exif(), if end < 22 { 1 } else { 6 }, "{end} bytes");
        }
    }
}

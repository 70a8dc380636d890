//! How a picture must be turned to be upright: EXIF tag 0x0112 (CIPA DC-008, 4.6.5).

use crate::read;

/// How a picture is turned to be upright: first turned clockwise, then flipped. In the order of EXIF's values 1 to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    NoTransforms,
    FlipHorizontal,
    Rotate180,
    FlipVertical,
    Rotate90FlipH,
    Rotate90,
    Rotate270FlipH,
    Rotate270,
}

impl Orientation {
    /// In the order of EXIF's values 1 to 8.
    pub(crate) const ALL: [Self; 8] = [
        Self::NoTransforms,
        Self::FlipHorizontal,
        Self::Rotate180,
        Self::FlipVertical,
        Self::Rotate90FlipH,
        Self::Rotate90,
        Self::Rotate270FlipH,
        Self::Rotate270,
    ];

    fn from_exif(value: u16) -> Option<Self> {
        Self::ALL.get(usize::from(value.checked_sub(1)?)).copied()
    }
}

/// The orientation that a TIFF block (EXIF without its `Exif\0\0` prefix) asks for; upright where it is
/// broken.
pub(crate) fn of_exif(tiff: &[u8]) -> Orientation {
    let tiff = tiff.strip_prefix(b"Exif\0\0").unwrap_or(tiff);
    first_entry(tiff).and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

/// The value of the tag in the first directory (TIFF 6.0, section 2): one 16-bit number.
fn first_entry(tiff: &[u8]) -> Option<u16> {
    const TAG: u16 = 0x0112;
    const SHORT: u16 = 3;
    type Read<T> = fn(&[u8], usize) -> Option<T>;
    let (short, long): (Read<u16>, Read<u32>) = match tiff.get(..4)? {
        b"II*\0" => (read::le16, read::le32),
        b"MM\0*" => (read::be16, read::be32),
        _ => return None,
    };
    let directory = usize::try_from(long(tiff, 4)?).ok()?;
    for index in 0..usize::from(short(tiff, directory)?) {
        let entry = read::slice(tiff, directory + 2 + 12 * index, 12)?;
        if (short(entry, 0)?, short(entry, 2)?, long(entry, 4)?) == (TAG, SHORT, 1) {
            return short(entry, 8);
        }
    }
    None
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
        for (value, orientation) in (1..).zip(Orientation::ALL) {
            assert_eq!(of_exif(&exif(value)), orientation);
        }
        for value in [0, 9, 255] {
            assert_eq!(of_exif(&exif(value)), Orientation::NoTransforms);
        }
    }

    #[test]
    fn both_byte_orders_are_read_and_entries_of_another_type_are_skipped() {
        let other = *b"\x01\x12\0\x04\0\0\0\x01\0\x06\0\0";
        let entry = *b"\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
        let tiff = [&b"MM\0*\0\0\0\x08\0\x02"[..], &other, &entry].concat();
        assert_eq!(of_exif(&tiff), Orientation::Rotate270);
    }

    #[test]
    fn broken_exif_is_upright() {
        let whole = exif(6);
        for end in 0..=whole.len() {
            let expected = if end < 22 { Orientation::NoTransforms } else { Orientation::Rotate90 };
            assert_eq!(of_exif(&whole[..end]), expected, "{end} bytes");
        }
        let far = [&b"II*\0\xff\xff\xff\xff"[..], &whole[8..]].concat();
        assert_eq!(of_exif(&far), Orientation::NoTransforms);
    }
}

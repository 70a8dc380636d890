//! Only the tables that the scans of a JPEG use are kept, unchanged.

use domain::ImageError;
use jpeg_encoder::SamplingFactor;

use crate::{
    clean, contains,
    make::{after_start, jpeg, jpeg_with, quarters, segment},
    open,
};

const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DHT: u8 = 0xc4;
const DRI: u8 = 0xdd;

/// A picture in three scans, one for each component.
fn in_three_scans() -> Vec<u8> {
    jpeg_with(&quarters(61, 45), SamplingFactor::F_2_2, 90, |encoder| {
        encoder.set_optimized_huffman_tables(true);
    })
}

fn progressive() -> Vec<u8> {
    jpeg_with(&quarters(61, 45), SamplingFactor::F_2_2, 90, |encoder| encoder.set_progressive(true))
}

/// A quantisation table full of text.
fn quantisation(selector: u8) -> Vec<u8> {
    segment(DQT, &[&[selector], b"<script>SECRET</script>".repeat(3)[..64].as_ref()].concat())
}

/// A valid Huffman table whose symbols spell a text.
fn huffman(selector: u8) -> Vec<u8> {
    let symbols = b"SECRET";
    let mut counts = [0; 16];
    counts[7] = symbols.len() as u8;
    segment(DHT, &[&[selector], &counts[..], symbols].concat())
}

/// The segments after the start marker, each with the entropy-coded data that follows it.
fn segments(jpeg: &[u8]) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut rest = &jpeg[2..];
    while rest.len() > 2 {
        let header = 2 + usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        let is_marker = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0 | 0xd0..=0xd7);
        let data = rest[header..].windows(2).position(is_marker).unwrap();
        all.push(rest[..header + data].to_vec());
        rest = &rest[header + data..];
    }
    all
}

fn joined(segments: &[Vec<u8>]) -> Vec<u8> {
    [b"\xff\xd8", segments.concat().as_slice(), b"\xff\xd9"].concat()
}

/// Puts `inserted` before the scan of this number.
fn before_scan(jpeg: &[u8], number: usize, inserted: Vec<u8>) -> Vec<u8> {
    let mut segments = segments(jpeg);
    let (at, _) = segments.iter().enumerate().filter(|(_, segment)| segment[1] == SOS).nth(number).unwrap();
    segments.insert(at, inserted);
    joined(&segments)
}

#[test]
fn nothing_hides_in_tables_that_no_scan_uses() {
    for plain in [jpeg(&quarters(61, 45)), in_three_scans(), progressive()] {
        let expected = clean(&plain).unwrap();
        // An unused slot, and used ones that are defined again before any scan.
        for selector in [3, 0, 1] {
            for definition in [quantisation(selector), huffman(selector), huffman(selector | 0x10)] {
                let dirty = after_start(&plain, &definition.repeat(2_000));
                assert!(dirty.len() > 50_000);
                let image = clean(&dirty).unwrap();
                assert!(!contains(&image.bytes, b"SECRET"));
                assert_eq!(image, expected);
            }
        }
        let end = plain.len() - 2;
        let late = [quantisation(0), huffman(0), segment(DRI, b"SE")].concat();
        let dirty = [&plain[..end], &late, &plain[end..]].concat();
        assert_eq!(clean(&dirty).unwrap(), expected);
    }
}

#[test]
fn a_table_redefined_unchanged_is_written_once() {
    for plain in [in_three_scans(), progressive()] {
        let expected = clean(&plain).unwrap();
        let tables = segments(&plain).into_iter().filter(|segment| matches!(segment[1], DQT | DHT));
        let repeated = [tables.collect::<Vec<_>>().concat(), segment(DRI, &[0, 0])].concat();
        for scan in 0..3 {
            assert_eq!(clean(&before_scan(&plain, scan, repeated.clone())).unwrap(), expected);
        }
    }
}

#[test]
fn the_last_restart_interval_before_a_scan_is_kept() {
    let plain = jpeg_with(&quarters(61, 45), SamplingFactor::F_2_2, 90, |encoder| {
        encoder.set_restart_interval(2);
    });
    let text: Vec<u8> = b"SECRET".chunks(2).flat_map(|pair| segment(DRI, pair)).collect();
    assert_eq!(clean(&after_start(&plain, &text)).unwrap().bytes, plain);
}

#[test]
fn tables_that_share_a_segment_are_kept() {
    for plain in [jpeg(&quarters(61, 45)), in_three_scans(), progressive()] {
        let (mut all, mut tables) = (segments(&plain), [Vec::new(), Vec::new()]);
        all.retain(|segment| {
            let shared = usize::from(segment[1] == DHT);
            let is_table = matches!(segment[1], DQT | DHT);
            tables[shared].extend(&segment[4..][..if is_table { segment.len() - 4 } else { 0 }]);
            !is_table
        });
        let [quantisations, huffmans] = tables;
        let dense =
            after_start(&joined(&all), &[segment(DQT, &quantisations), segment(DHT, &huffmans)].concat());
        assert!(dense.len() < plain.len());
        assert_eq!(clean(&dense).unwrap(), clean(&plain).unwrap());
    }
}

#[test]
fn a_huffman_table_may_be_defined_again_between_scans() {
    for plain in [in_three_scans(), progressive()] {
        let dirty = with_one_slot(&plain);
        let jpeg = |bytes: &[u8]| domain::Image::new(domain::ImageFormat::Jpeg, bytes.to_vec().into());
        let pixels = open(&jpeg(&plain));
        assert!(open(&jpeg(&dirty)) == pixels);
        let image = clean(&dirty).unwrap();
        assert!(open(&image) == pixels);
        assert_eq!(clean(&image.bytes).unwrap(), image);
    }
}

/// The same picture with all Huffman tables in slot 0, defined again before each scan.
fn with_one_slot(jpeg: &[u8]) -> Vec<u8> {
    let (tables, mut others): (Vec<_>, Vec<_>) = segments(jpeg).into_iter().partition(|s| s[1] == DHT);
    for scan in others.iter_mut().filter(|segment| segment[1] == SOS) {
        assert_eq!(scan[4], 1, "a scan of one component");
        let (dc, ac) = (scan[6] >> 4, scan[6] & 15 | 0x10);
        scan[6] = 0;
        let mut own: Vec<_> =
            tables.iter().filter(|table| table[4] == dc || table[4] == ac).cloned().collect();
        for table in &mut own {
            table[4] &= 0xf0;
        }
        scan.splice(..0, own.concat());
    }
    joined(&others)
}

#[test]
fn a_quantisation_table_applies_from_the_first_scan_of_its_component() {
    let other = segment(DQT, &[&[1], [17; 64].as_slice()].concat());
    for plain in [in_three_scans(), progressive()] {
        let expected = clean(&plain).unwrap();
        // The second scan is the first one of slot 1.
        let redefined = before_scan(&plain, 1, other.clone());
        let image = clean(&redefined).unwrap();
        assert!(contains(&image.bytes, &other));
        // In place of the one before, which no scan used.
        assert_eq!(image.bytes.len(), expected.bytes.len());
        assert_eq!(clean(&image.bytes).unwrap(), image);
        // Slot 0 had its turn.
        assert_eq!(clean(&before_scan(&plain, 1, quantisation(0))).unwrap(), expected);
    }
}

fn scans(segments: &[Vec<u8>]) -> usize {
    segments.iter().filter(|segment| segment[1] == SOS).count()
}

/// A progressive picture in this many scans: the last one is repeated, which changes no pixel.
fn in_scans(count: usize) -> Vec<u8> {
    let mut all = segments(&progressive());
    let last = all.last().unwrap().clone();
    all.resize(all.len() + count - scans(&all), last);
    joined(&all)
}

#[test]
fn ninety_nine_scans_are_accepted_and_one_more_is_refused() {
    let plain = clean(&progressive()).unwrap();
    // The finest progression of three components has more than 30.
    for count in [33, 99] {
        let image = clean(&in_scans(count)).unwrap_or_else(|error| panic!("{count}: {error}"));
        assert_eq!(scans(&segments(&image.bytes)), count);
        assert!(open(&image) == open(&plain), "{count}");
    }
    assert_eq!(clean(&in_scans(100)).unwrap_err(), ImageError::Undecodable("the JPEG has too many scans"));
}

/// Where the header of a scan has its first coefficient; its approximation is two bytes further.
fn first_coefficient(scan: &[u8]) -> usize {
    2 + usize::from(u16::from_be_bytes([scan[2], scan[3]])) - 3
}

#[test]
fn scans_in_an_invalid_order_are_refused_as_that() {
    let plain = segments(&progressive());
    let is_scan_of = |segment: &[u8], lowest: bool| {
        segment[1] == SOS && (segment[first_coefficient(segment)] == 0) == lowest
    };
    // A refinement of coefficients that no scan has begun.
    let mut refined = plain.clone();
    for scan in refined.iter_mut().filter(|segment| is_scan_of(segment, false)) {
        let at = first_coefficient(scan);
        scan[at + 2] = 0x10;
    }
    // The lowest coefficients last.
    let mut higher_first = plain.clone();
    higher_first.sort_by_key(|segment| is_scan_of(segment, true));
    for jpeg in [refined, higher_first] {
        assert_ne!(jpeg, plain);
        let refused = clean(&joined(&jpeg)).unwrap_err();
        assert_eq!(refused, ImageError::Undecodable("the JPEG's scans are in an invalid order"));
    }
}

#[test]
fn damaged_tables_are_refused() {
    let plain = jpeg(&quarters(61, 45));
    for damaged in [
        segment(DQT, &[0; 64]),
        segment(DQT, &[0x20; 65]),
        segment(DQT, &[4; 65]),
        segment(DHT, &[0; 16]),
        segment(DHT, &[0x20; 17]),
        segment(DHT, &[1; 17]),
        segment(DRI, &[0]),
    ] {
        assert!(matches!(clean(&after_start(&plain, &damaged)), Err(ImageError::Undecodable(_))));
    }
}

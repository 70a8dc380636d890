//! Rewrites a JPEG with only the data that the picture needs; the pixels stay the same bit for bit.

use domain::ImageError;

use super::{
    colour::{Colour, Frame},
    header::Header,
    progress::{MAX_SCANS, Progress},
    prologue::{Prologue, write_segment},
    scan::Scan,
    segments::{APP0, APP15, COM, DHT, DNL, DQT, DRI, EOI, SOS, Segments},
    sequential,
    tables::Tables,
};
use crate::icc::Colours;

/// A file may grow where its tables share segments: each scan has at most twelve, each with its own header.
/// The standard's tables, where the file relies on them, take less.
const MAX_GROWTH: usize = MAX_SCANS * 12 * 4;

/// The clean bytes, and the colour profile in them.
///
/// Kept: JFIF without thumbnail, Adobe's colour transform, a profile that fits, frame, scans and the tables
/// that they use. Everything else is dropped, including data after the end.
pub(crate) fn strip(bytes: &[u8], header: &Header) -> Result<(Vec<u8>, Option<Vec<u8>>), ImageError> {
    let prologue = Prologue::read(bytes)?;
    let profile = prologue.profile(colours_of_profile(&header.frame));
    let mut out = Vec::with_capacity(bytes.len() + MAX_GROWTH);
    prologue.write(&header.frame, profile.as_deref(), &mut out);
    copy_picture(bytes, &header.frame, &mut out)?;
    Ok((out, profile))
}

/// The colours that a profile must have.
pub(crate) fn colours_of_profile(frame: &Frame) -> Colours {
    match frame.colour() {
        Colour::Grey => Colours::Grey,
        Colour::YCbCr | Colour::Rgb => Colours::Rgb,
        Colour::Cmyk | Colour::Ycck => Colours::Cmyk,
    }
}

fn copy_picture(bytes: &[u8], frame: &Frame, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let mut segments = Segments::new(bytes)?;
    let mut progress = Progress::new(frame);
    let mut tables = Tables::new(frame);
    // A file with a complete picture may lack the end marker, and may have its maker's data there.
    while !progress.is_whole() || scan_follows(segments.clone(), frame) {
        let segment = segments.next()?;
        match segment.marker {
            // A height after the first scan can only repeat the frame's, which is required.
            APP0..=APP15 | COM | DNL => {}
            0xc0..=0xc2 if progress.scans == 0 => {
                let (marker, data) = frame.segment();
                write_segment(marker, &[&data], out);
            }
            DQT => tables.define_quantisation(segment.data)?,
            DHT => tables.define_huffman(segment.data)?,
            DRI => tables.define_restart_interval(segment.data)?,
            SOS => {
                let scan = Scan::parse(segment.data, frame)?;
                let begun = progress.add(&scan)?;
                tables.write_for(&scan, &begun, out)?;
                write_segment(SOS, &[&scan.data()], out);
                let start = out.len();
                segments.copy_scan(out);
                if !frame.is_progressive() {
                    sequential::trim_scan(&tables, frame, &scan, start, out)?;
                }
            }
            EOI => {
                progress.check_begun()?;
                break;
            }
            _ => return Err(ImageError::Undecodable("the JPEG has an unexpected segment")),
        }
    }
    out.extend([0xff, EOI]);
    Ok(())
}

/// Whether there is one more scan before the end, with or without an end marker.
fn scan_follows(mut segments: Segments, frame: &Frame) -> bool {
    loop {
        match segments.next() {
            Ok(segment) if segment.marker == SOS => return Scan::parse(segment.data, frame).is_ok(),
            Ok(segment) if matches!(segment.marker, APP0..=APP15 | COM | DNL | DQT | DHT | DRI) => {}
            _ => return false,
        }
    }
}

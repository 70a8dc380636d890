//! Writes a JPEG anew with only what shows the picture, bit by bit the same pixels.

use domain::ImageError;

use super::{
    colour::{Colour, Component, Frame},
    header::Header,
    prologue::{Prologue, write_segment},
    scan::Scan,
    segments::{APP0, APP15, COM, DHT, DQT, DRI, EOI, SOS, Segments},
    sequential,
    tables::Tables,
};
use crate::icc::Colours;

/// More scans than any encoder writes (libjpeg: 10) would only cost time.
const MAX_SCANS: usize = 32;
/// A file may get longer where its tables share segments: each scan's twelve at most get a header of their own.
const MAX_GROWTH: usize = MAX_SCANS * 12 * 4;

/// The clean bytes, and the colour profile in them.
///
/// Kept: JFIF without thumbnail, Adobe's colour transform, a profile that fits, frame, scans and the tables that they
/// use. Everything else between start and end goes, and so does what follows the end.
pub(crate) fn strip(bytes: &[u8], header: &Header) -> Result<(Vec<u8>, Option<Vec<u8>>), ImageError> {
    let prologue = Prologue::read(bytes)?;
    let profile = prologue.profile(match header.frame.colour() {
        Colour::Grey => Colours::Grey,
        Colour::YCbCr | Colour::Rgb => Colours::Rgb,
        Colour::Cmyk => Colours::Cmyk,
    });
    let mut out = Vec::with_capacity(bytes.len() + MAX_GROWTH);
    prologue.write(profile.as_deref(), &mut out);
    copy_picture(bytes, &header.frame, &mut out)?;
    Ok((out, profile))
}

fn copy_picture(bytes: &[u8], frame: &Frame, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let mut segments = Segments::new(bytes)?;
    let mut scans = Scans::default();
    let mut tables = Tables::default();
    let mut data = Vec::new();
    loop {
        let segment = segments.next()?;
        match segment.marker {
            APP0..=APP15 | COM => {}
            0xc0..=0xc2 if scans.count == 0 => write_segment(segment.marker, &[segment.data], out),
            DQT => tables.define_quantisation(segment.data)?,
            DHT => tables.define_huffman(segment.data)?,
            DRI => tables.define_restart_interval(segment.data)?,
            SOS => {
                let scan = Scan::parse(segment.data, frame)?;
                let quantised = scans.add(&scan, frame)?;
                tables.write_for(&scan, &quantised, out)?;
                write_segment(SOS, &[segment.data], out);
                if frame.progressive {
                    segments.copy_scan(out)?;
                } else {
                    data.clear();
                    segments.copy_scan(&mut data)?;
                    sequential::copy_scan(&tables, frame, &scan, &data, out)?;
                }
            }
            EOI => {
                scans.check_complete(frame)?;
                out.extend([0xff, EOI]);
                return Ok(());
            }
            _ => return Err(ImageError::Undecodable("the JPEG has a segment that does not belong there")),
        }
    }
}

/// The scans so far.
#[derive(Default)]
struct Scans {
    count: usize,
    /// Ids of components, one each in a sequential frame.
    seen: Vec<u8>,
}

impl Scans {
    /// Returns the components whose quantisation tables count from this scan on: those that it begins. The decoder
    /// takes the tables of all components at the first scan.
    fn add(&mut self, scan: &Scan, frame: &Frame) -> Result<Vec<Component>, ImageError> {
        self.count += 1;
        if self.count > MAX_SCANS {
            return Err(ImageError::Undecodable("the JPEG has too many scans"));
        }
        let mut begun = Vec::new();
        for component in scan.parts.iter().map(|part| part.component) {
            let seen_before = self.seen.contains(&component.id);
            // A decoder would not look at it: it can only hide something.
            if seen_before && !frame.progressive {
                return Err(ImageError::Undecodable("the JPEG shows a component twice"));
            }
            if !seen_before {
                self.seen.push(component.id);
                begun.push(component);
            }
        }
        Ok(if self.count == 1 { frame.components.clone() } else { begun })
    }

    fn check_complete(&self, frame: &Frame) -> Result<(), ImageError> {
        if frame.components.iter().all(|component| self.seen.contains(&component.id)) {
            return Ok(());
        }
        Err(ImageError::Undecodable("the JPEG is truncated: a component is missing"))
    }
}

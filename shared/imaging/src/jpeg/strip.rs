//! Writes a JPEG anew with only what shows the picture, bit by bit the same pixels.

use domain::ImageError;

use super::{
    colour::{Colour, Frame},
    header::Header,
    prologue::{Prologue, write_segment},
    segments::{APP0, APP15, COM, DHT, DQT, DRI, EOI, SOS, Segments},
    sequential::State,
};
use crate::{icc::Colours, read::OrUndecodable};

/// More scans than any encoder writes (libjpeg: 10) would only cost time.
const MAX_SCANS: usize = 32;

/// The clean bytes, and the colour profile in them.
///
/// Kept: JFIF without thumbnail, Adobe's colour transform, a profile that fits, frame, tables and scans. Everything
/// else between start and end goes, and so does what follows the end.
pub(crate) fn strip(bytes: &[u8], header: &Header) -> Result<(Vec<u8>, Option<Vec<u8>>), ImageError> {
    let prologue = Prologue::read(bytes)?;
    let profile = prologue.profile(match header.frame.colour() {
        Colour::Grey => Colours::Grey,
        Colour::YCbCr | Colour::Rgb => Colours::Rgb,
        Colour::Cmyk => Colours::Cmyk,
    });
    let mut out = Vec::with_capacity(bytes.len() + 64);
    prologue.write(profile.as_deref(), &mut out);
    copy_picture(bytes, &header.frame, &mut out)?;
    Ok((out, profile))
}

fn copy_picture(bytes: &[u8], frame: &Frame, out: &mut Vec<u8>) -> Result<(), ImageError> {
    let mut segments = Segments::new(bytes)?;
    let mut scans = Scans::default();
    let mut state = State::default();
    let mut data = Vec::new();
    loop {
        let segment = segments.next()?;
        match segment.marker {
            APP0..=APP15 | COM => {}
            0xc0..=0xc2 if scans.count == 0 => write_segment(segment.marker, &[segment.data], out),
            DQT => write_segment(DQT, &[segment.data], out),
            DHT => {
                state.define_tables(segment.data)?;
                write_segment(DHT, &[segment.data], out);
            }
            DRI => {
                let interval =
                    segment.data.try_into().or_undecodable("the JPEG's restart interval is damaged")?;
                state.restart_every(u16::from_be_bytes(interval));
                write_segment(DRI, &[segment.data], out);
            }
            SOS => {
                scans.add(segment.data, frame)?;
                write_segment(SOS, &[segment.data], out);
                if frame.progressive {
                    segments.copy_scan(out)?;
                } else {
                    data.clear();
                    segments.copy_scan(&mut data)?;
                    state.copy_scan(frame, segment.data, &data, out)?;
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
    fn add(&mut self, data: &[u8], frame: &Frame) -> Result<(), ImageError> {
        self.count += 1;
        if self.count > MAX_SCANS {
            return Err(ImageError::Undecodable("the JPEG has too many scans"));
        }
        let count = data.first().map_or(0, |count| usize::from(*count));
        let ids = data.get(1..1 + 2 * count).unwrap_or_default().chunks_exact(2).map(|spec| spec[0]);
        for id in ids {
            let seen_before = self.seen.contains(&id);
            // A decoder would not look at it: it can only hide something.
            if seen_before && !frame.progressive {
                return Err(ImageError::Undecodable("the JPEG shows a component twice"));
            }
            if !seen_before {
                self.seen.push(id);
            }
        }
        Ok(())
    }

    fn check_complete(&self, frame: &Frame) -> Result<(), ImageError> {
        if frame.components.iter().all(|component| self.seen.contains(&component.id)) {
            return Ok(());
        }
        Err(ImageError::Undecodable("the JPEG is truncated: a component is missing"))
    }
}

//! The header of a JPEG, read before decoding.

use crate::orientation::Orientation;
use domain::ImageError;

use super::{
    colour::{self, Frame, Markers},
    segments::{APP0, APP1, APP2, APP14, DHT, DNL, EOI, SOI, SOS, Segments},
};
use crate::{limits, orientation, read::OrUndecodable};

/// Size, colours, orientation, and what determines memory use.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) frame: Frame,
    /// Components in the first scan; fewer than the frame's make the decoder keep the whole picture.
    pub(crate) first_scan: usize,
    pub(crate) orientation: Orientation,
    /// Bytes of colour profile segments.
    pub(crate) profile_bytes: u64,
}

impl Header {
    /// Reads the segments up to the first scan.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, ImageError> {
        let mut segments = Segments::new(bytes)?;
        let mut frame_segment = None;
        let mut markers = Markers::default();
        let mut turn = None;
        let mut profile_bytes = 0;
        loop {
            let segment = segments.next()?;
            match segment.marker {
                0xc0..=0xc2 if frame_segment.is_none() => {
                    frame_segment = Some((segment.marker, segment.data));
                }
                DHT | DNL => {}
                0xc0..=0xcf => return Err(unsupported(segment.marker)),
                0xde | 0xdf => return Err(ImageError::Undecodable("hierarchical JPEGs are not accepted")),
                SOI | EOI => return Err(ImageError::Undecodable("the JPEG has no scan")),
                APP1 if segment.data.starts_with(b"Exif\0\0") => {
                    turn.get_or_insert_with(|| orientation::of_exif(segment.data));
                }
                APP0 => markers.jfif |= colour::is_jfif(segment.data),
                APP2 => profile_bytes += segment.data.len() as u64,
                // The last one counts, as in libjpeg.
                APP14 => {
                    let transform = colour::adobe_transform(segment.data);
                    markers.adobe_transform = transform.or(markers.adobe_transform);
                }
                SOS => {
                    let (marker, data) =
                        frame_segment.or_undecodable("the JPEG has no frame before its scan")?;
                    let frame = Frame::parse(marker, data, markers)?;
                    let (width, height) = (u32::from(frame.width), u32::from(frame.height));
                    limits::check_size(width, height)?;
                    let first_scan = segment.data.first().map_or(0, |count| usize::from(*count));
                    let orientation = turn.unwrap_or(Orientation::NoTransforms);
                    return Ok(Self { width, height, frame, first_scan, orientation, profile_bytes });
                }
                _ => {}
            }
        }
    }
}

fn unsupported(marker: u8) -> ImageError {
    ImageError::Undecodable(match marker {
        0xc0..=0xc2 => "the JPEG has a second frame",
        0xc3 | 0xc7 | 0xcb | 0xcf => "lossless JPEGs are not accepted",
        0xc5 | 0xc6 | 0xcd | 0xce => "hierarchical JPEGs are not accepted",
        // Neither Chromium nor Firefox shows them.
        _ => "arithmetic-coded JPEGs are not accepted",
    })
}

//! Decodes the middle of a PNG, shrunk while it is read: the whole picture is never in memory.
//!
//! Cleaning decodes a PNG row by row, so one with 16 bits a sample that would take 512 MB is accepted. Its
//! renditions must fit the memory limit.

use std::io::Cursor;

use domain::ImageError;
use png::{Decoder, Transformations};

use super::{colouring::colouring, decode::LIMITS, header::Header, passes, strip};
use crate::{
    read::OrUndecodable,
    square::{Cells, CentreCrop, Source},
};

const DAMAGED: &str = "the PNG's pixels are damaged or truncated";

impl Header {
    /// See [`crate::Inspected::rendering_bytes`].
    pub(crate) fn rendering_bytes(&self, input: u64) -> u64 {
        let crop = self.crop();
        let rows = u64::from(self.width) * 8 * 8;
        let reading = input + rows + LIMITS.bytes as u64 + super::SLACK;
        let stripped = if self.frame.is_some() { self.stripping(input) } else { 0 };
        crop.bytes() + stripped + reading.max(Source::working_bytes(crop.cells, crop.cells))
    }

    /// See [`crate::Inspected::square`].
    pub(crate) fn source(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        if self.frame.is_some() {
            return self.of_picture_alone(&strip::strip(bytes, self)?.0);
        }
        self.of_picture_alone(bytes)
    }

    /// Reads a PNG of the picture alone, at its place on the canvas.
    fn of_picture_alone(&self, bytes: &[u8]) -> Result<Source, ImageError> {
        let picture = self.of_picture();
        let (left, top) = self.frame.map_or((0, 0), |frame| (frame.left, frame.top));
        let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), LIMITS);
        decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
        let mut reader = decoder.read_info().or_undecodable(DAMAGED)?;
        let info = reader.info();
        // The decoder must return the size that was announced to the caller.
        if (info.width, info.height, info.interlaced) != (picture.width, picture.height, self.interlaced) {
            return Err(ImageError::Undecodable("the PNG's dimensions are inconsistent"));
        }
        let colouring = colouring(info, self.colours_of_profile());
        let samples = reader.output_color_type().0.samples();
        let mut cells = Cells::new(self.crop());
        for row in passes::rows(&picture) {
            let pixels = reader.next_interlaced_row().or_undecodable(DAMAGED)?.or_undecodable(DAMAGED)?;
            let columns = row.columns().map(|x| left + x);
            cells.add(top + row.y, columns.zip(pixels.data().chunks_exact(samples)));
        }
        Ok(Source { pixels: cells.into_pixels(), orientation: self.orientation, colouring })
    }

    fn crop(&self) -> CentreCrop {
        CentreCrop::shrunk(self.width, self.height)
    }
}

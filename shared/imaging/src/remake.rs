//! Which images were rendered wrong before, by their headers.

use domain::ImageError;

use crate::{
    inspect::{Header, Inspected},
    webp,
};

impl Inspected {
    /// Whether the renditions that were made of this image before libjpeg decoded JPEGs may show wrong pixels or colours:
    /// those of JPEGs whose components come one after the other, whose markers contradict each other or whose luma is
    /// sampled below chroma, and those of images whose colours are described by what was not read then.
    ///
    /// Reads headers alone.
    ///
    /// # Errors
    /// As [`inspect`](crate::inspect()).
    pub fn was_rendered_wrong(&self) -> Result<bool, ImageError> {
        match &self.header {
            Header::Jpeg(header) => header.was_rendered_wrong(&self.bytes),
            Header::Png(header) => header.was_rendered_wrong(&self.bytes),
            Header::Webp(_) => webp::Header::was_rendered_wrong(&self.bytes),
            // A GIF is kept as a PNG without colours of its own.
            Header::Gif(_) => Ok(false),
        }
    }
}

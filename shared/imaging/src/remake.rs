//! Which images earlier versions rendered wrong, by their headers.

use domain::ImageError;

use crate::{
    inspect::{Header, Inspected},
    webp,
};

impl Inspected {
    /// Whether renditions of this image from before the switch to libjpeg may show wrong pixels or colours:
    /// JPEGs with non-interleaved components, contradictory markers or luma sampled below chroma, and images
    /// whose colour description was not read then.
    ///
    /// Reads only headers.
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

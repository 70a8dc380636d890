//! Which picture an animation shows first (third edition, 8.5): its default image, or a frame that hides it.
//!
//! Browsers do not show a default image that is no frame, so the first frame is taken, as of GIF and WebP.

use super::{chunks::Chunk, frame::Frame};

/// What the chunks so far say about the animation.
#[derive(Default)]
pub(crate) struct Animation {
    is_announced: bool,
    has_image_data: bool,
    /// Whether the default image is the first frame.
    begins_with_default: bool,
    hidden_by: Option<Frame>,
}

impl Animation {
    /// Notes a chunk after `IHDR`, in order.
    pub(crate) fn note(&mut self, chunk: &Chunk, width: u32, height: u32) {
        match &chunk.name {
            b"IDAT" => self.has_image_data = true,
            b"acTL" if !self.has_image_data => self.is_announced |= announces_frames(chunk),
            b"fcTL" if !self.has_image_data => self.begins_with_default = true,
            b"fcTL" if self.hidden_by.is_none() && chunk.is_intact() => {
                self.hidden_by = Frame::read(chunk.data, width, height);
            }
            _ => {}
        }
    }

    /// The first frame, where it is not the default image.
    pub(crate) fn first_frame(&self) -> Option<Frame> {
        self.hidden_by.filter(|_| self.is_announced && !self.begins_with_default)
    }
}

fn announces_frames(chunk: &Chunk) -> bool {
    chunk.data.len() == 8 && !chunk.data.starts_with(&[0; 4]) && chunk.is_intact()
}

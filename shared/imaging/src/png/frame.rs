//! The place of an animation's frame (third edition, 11.3.5.2).

use crate::read;

/// A frame on the canvas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) left: u32,
    pub(crate) top: u32,
}

impl Frame {
    /// From the data of `fcTL`; `None` where it is malformed or not inside the canvas.
    pub(crate) fn read(data: &[u8], width: u32, height: u32) -> Option<Self> {
        let number = |at| read::be32(data, at);
        let frame = Self { width: number(4)?, height: number(8)?, left: number(12)?, top: number(16)? };
        let inside = |start: u32, side: u32, canvas| {
            side > 0 && start.checked_add(side).is_some_and(|end| end <= canvas)
        };
        let fits = inside(frame.left, frame.width, width) && inside(frame.top, frame.height, height);
        (data.len() == 26 && fits).then_some(frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_inside_its_canvas() {
        for (place, fits) in [
            ([40, 30, 0, 0], true),
            ([10, 10, 30, 20], true),
            ([10, 10, 31, 20], false),
            ([10, 10, 30, 21], false),
            ([0, 10, 0, 0], false),
            ([1, 1, u32::MAX, 0], false),
        ] {
            let data = [&[0; 4][..], &place.map(u32::to_be_bytes).concat(), &[0; 6]].concat();
            assert_eq!(Frame::read(&data, 40, 30).is_some(), fits, "{place:?}");
        }
        assert_eq!(Frame::read(&[0; 25], 40, 30), None);
    }
}

//! The positions of the pixels in each stored row of a PNG, interlaced (8.2) or not.

use super::header::Header;

/// A row of one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) y: u32,
    left: u32,
    step: u32,
    width: u32,
}

impl Row {
    /// The columns of its pixels.
    pub(crate) fn columns(&self) -> impl Iterator<Item = u32> {
        (self.left..self.width).step_by(self.step as usize)
    }
}

/// Offset and step across, offset and step down.
const WHOLE: [[u32; 4]; 1] = [[0, 1, 0, 1]];
const ADAM7: [[u32; 4]; 7] =
    [[0, 8, 0, 8], [4, 8, 0, 8], [0, 4, 4, 8], [2, 4, 0, 4], [0, 2, 2, 4], [1, 2, 0, 2], [0, 1, 1, 2]];

/// The rows in the order in which they are stored. A pass without columns has none.
pub(crate) fn rows(header: &Header) -> impl Iterator<Item = Row> + use<> {
    let (width, height) = (header.width, header.height);
    let passes: &[[u32; 4]] = if header.interlaced { &ADAM7 } else { &WHOLE };
    passes.iter().filter(move |[left, ..]| *left < width).flat_map(move |&[left, step, top, down]| {
        (top..height).step_by(down as usize).map(move |y| Row { y, left, step, width })
    })
}

#[cfg(test)]
mod tests {
    use crate::orientation::Orientation;

    use super::*;

    #[test]
    fn the_passes_cover_every_pixel_once() {
        for (width, height) in [(1, 1), (3, 2), (5, 9), (16, 8), (17, 23)] {
            for interlaced in [false, true] {
                let header = Header {
                    width,
                    height,
                    depth: 8,
                    colour: 0,
                    interlaced,
                    has_transparency: false,
                    orientation: Orientation::NoTransforms,
                    frame: None,
                    pieces: 0,
                };
                let mut met: Vec<_> = rows(&header)
                    .flat_map(|row| row.columns().map(move |x| (row.y, x)).collect::<Vec<_>>())
                    .collect();
                met.sort_unstable();
                let all: Vec<_> = (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).collect();
                assert_eq!(met, all, "{width} x {height}, interlaced: {interlaced}");
            }
        }
    }
}

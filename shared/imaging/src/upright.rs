//! Reads pixels in upright order, so that turning needs no second copy of the picture.

use crate::orientation::Orientation;

use crate::pixels::Pixels;

/// A picture as its viewer sees it.
pub(crate) struct Upright<'a> {
    pixels: &'a Pixels,
    /// The pixel that is seen at the top left, and the steps to its right and lower neighbours, all in
    /// pixels.
    origin: isize,
    right: isize,
    down: isize,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl<'a> Upright<'a> {
    /// `pixels` turned by `orientation`.
    pub(crate) fn new(pixels: &'a Pixels, orientation: Orientation) -> Self {
        let (width, height) = (pixels.width.cast_signed() as isize, pixels.height.cast_signed() as isize);
        let (top_right, bottom_left) = (width - 1, (height - 1) * width);
        let bottom_right = width * height - 1;
        let (origin, right, down) = match orientation {
            Orientation::NoTransforms => (0, 1, width),
            Orientation::FlipHorizontal => (top_right, -1, width),
            Orientation::Rotate180 => (bottom_right, -1, -width),
            Orientation::FlipVertical => (bottom_left, 1, -width),
            Orientation::Rotate90FlipH => (0, width, 1),
            Orientation::Rotate90 => (bottom_left, -width, 1),
            Orientation::Rotate270FlipH => (bottom_right, -width, -1),
            Orientation::Rotate270 => (top_right, width, -1),
        };
        let (width, height) = match orientation {
            Orientation::Rotate90FlipH
            | Orientation::Rotate90
            | Orientation::Rotate270FlipH
            | Orientation::Rotate270 => (pixels.height, pixels.width),
            _ => (pixels.width, pixels.height),
        };
        Self { pixels, origin, right, down, width, height }
    }

    /// Whether columns and rows are seen in reverse.
    pub(crate) fn are_reversed(&self) -> (bool, bool) {
        (self.right < 0, self.down < 0)
    }

    /// The pixels of row `y`, from left to right, each with all of its samples.
    pub(crate) fn row(&self, y: u32) -> impl Iterator<Item = &'a [u8]> {
        let (size, data) = (self.pixels.pixel_bytes(), self.pixels.data.as_slice());
        let start = self.origin + self.down * y.cast_signed() as isize;
        let right = self.right;
        (0..self.width.cast_signed() as isize).map(move |x| {
            let at = (start + right * x).unsigned_abs() * size;
            &data[at..at + size]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixels::Layout;

    /// What a viewer sees of the letters `abc` over `def`.
    fn seen(exif: usize) -> Vec<String> {
        let pixels =
            Pixels { width: 3, height: 2, layout: Layout::Luma, sample_bytes: 1, data: b"abcdef".to_vec() };
        let upright = Upright::new(&pixels, Orientation::ALL[exif - 1]);
        (0..upright.height).map(|y| upright.row(y).map(|pixel| char::from(pixel[0])).collect()).collect()
    }

    #[test]
    fn each_orientation_is_seen_upright() {
        assert_eq!(seen(1), ["abc", "def"]);
        assert_eq!(seen(2), ["cba", "fed"]);
        assert_eq!(seen(3), ["fed", "cba"]);
        assert_eq!(seen(4), ["def", "abc"]);
        assert_eq!(seen(5), ["ad", "be", "cf"]);
        assert_eq!(seen(6), ["da", "eb", "fc"]);
        assert_eq!(seen(7), ["fc", "eb", "da"]);
        assert_eq!(seen(8), ["cf", "be", "ad"]);
    }

    #[test]
    fn a_line_turns_into_a_column() {
        let pixels =
            Pixels { width: 1, height: 2, layout: Layout::Luma, sample_bytes: 1, data: b"ab".to_vec() };
        let upright = Upright::new(&pixels, Orientation::Rotate90);
        assert_eq!((upright.width, upright.height), (2, 1));
        assert_eq!(upright.row(0).collect::<Vec<_>>(), [b"b", b"a"]);
    }
}

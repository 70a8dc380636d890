//! The middle of a picture, as RGBA, and small enough to be scaled in little memory.

use crate::pixels::{Layout, Pixels};

/// Cells on a side after shrinking: at least this many, and fewer than twice as many.
const MIN_CELLS: u32 = 768;

/// Memory of a cell: the sums of its pixels, and the resulting pixel.
const CELL_BYTES: u64 = 16 + 4;

/// The largest square in the middle: `cells * cells` cells of `cell * cell` pixels. Where it cannot be
/// exactly in the middle, it is shifted up or left by half a pixel. A rim narrower than a cell is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CentreCrop {
    pub(crate) left: u32,
    pub(crate) top: u32,
    cell: u32,
    pub(crate) cells: u32,
}

impl CentreCrop {
    /// Of a picture that is scaled from all of its pixels.
    pub(crate) fn whole(width: u32, height: u32) -> Self {
        Self::of_cells(width, height, 1)
    }

    /// Of a picture that is shrunk to cells where it is large.
    pub(crate) fn shrunk(width: u32, height: u32) -> Self {
        Self::of_cells(width, height, (width.min(height) / MIN_CELLS).max(1))
    }

    fn of_cells(width: u32, height: u32, cell: u32) -> Self {
        let cells = width.min(height) / cell;
        Self { left: (width - cells * cell) / 2, top: (height - cells * cell) / 2, cell, cells }
    }

    /// What [`Cells`] take, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        u64::from(self.cells) * u64::from(self.cells) * CELL_BYTES
    }

    /// The cell that contains a pixel of the picture, counted along a side that begins at `start`.
    fn cell_of(&self, position: u32, start: u32) -> Option<usize> {
        let cell = position.checked_sub(start)? / self.cell;
        (cell < self.cells).then_some(cell as usize)
    }
}

/// Averages of pixels in any order: sums of colours, weighted by opacity, and of opacities.
///
/// A cell has at most 10 x 10 pixels, so the sums fit.
pub(crate) struct Cells {
    crop: CentreCrop,
    sums: Vec<[u32; 4]>,
}

impl Cells {
    pub(crate) fn new(crop: CentreCrop) -> Self {
        let side = crop.cells as usize;
        Self { crop, sums: vec![[0; 4]; side * side] }
    }

    /// Adds pixels of row `y`, each with its column, of one sample (grey), two (with alpha), three (RGB) or
    /// four (RGBA).
    pub(crate) fn add<'a>(&mut self, y: u32, pixels: impl Iterator<Item = (u32, &'a [u8])>) {
        let Some(line) = self.crop.cell_of(y, self.crop.top) else { return };
        let start = line * self.crop.cells as usize;
        for (x, pixel) in pixels {
            let Some(column) = self.crop.cell_of(x, self.crop.left) else { continue };
            let (colour, alpha) = colour_and_alpha(pixel);
            let [sums @ .., alphas] = &mut self.sums[start + column];
            for (sum, sample) in sums.iter_mut().zip(colour) {
                *sum += sample * alpha;
            }
            *alphas += alpha;
        }
    }

    /// The averages, as RGBA.
    pub(crate) fn into_pixels(self) -> Pixels {
        let CentreCrop { cell, cells, .. } = self.crop;
        let byte = |value: u32| u8::try_from(value).expect("a mean of bytes");
        let mut data = Vec::with_capacity(self.sums.len() * 4);
        for [r, g, b, alpha] in self.sums {
            // Fully transparent: any colour will do.
            let mean = |sum: u32| byte((sum + alpha / 2).checked_div(alpha).unwrap_or(0));
            let area = cell * cell;
            data.extend([mean(r), mean(g), mean(b), byte((alpha + area / 2) / area)]);
        }
        Pixels { width: cells, height: cells, layout: Layout::Rgba, sample_bytes: 1, data }
    }
}

/// The middle of an RGB picture.
pub(crate) fn crop_rgb(pixels: &Pixels) -> Pixels {
    let crop = CentreCrop::shrunk(pixels.width, pixels.height);
    let mut cells = Cells::new(crop);
    for (y, row) in (0..).zip(pixels.data.chunks_exact(pixels.width as usize * 3)) {
        cells.add(y, (0..).zip(row.chunks_exact(3)));
    }
    cells.into_pixels()
}

fn colour_and_alpha(pixel: &[u8]) -> ([u32; 3], u32) {
    match *pixel {
        [grey] => ([u32::from(grey); 3], 255),
        [grey, alpha] => ([u32::from(grey); 3], u32::from(alpha)),
        [r, g, b] => ([r, g, b].map(u32::from), 255),
        [r, g, b, alpha, ..] => ([r, g, b].map(u32::from), u32::from(alpha)),
        [] => ([0; 3], 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_leave_enough_to_scale() {
        for (width, height, left, top, cell, cells) in [
            (1, 1, 0, 0, 1, 1),
            (8_192, 1, 4_095, 0, 1, 1),
            (1_535, 2_000, 0, 232, 1, 1_535),
            (2_000, 1_537, 232, 0, 2, 768),
            (5_656, 5_656, 0, 0, 7, 808),
        ] {
            assert_eq!(
                CentreCrop::shrunk(width, height),
                CentreCrop { left, top, cell, cells },
                "{width} x {height}"
            );
        }
    }

    #[test]
    fn pixels_are_averaged_by_their_opacity() {
        let mut cells = Cells::new(CentreCrop { left: 1, top: 0, cell: 2, cells: 1 });
        cells.add(1, [(0, [9; 4].as_slice()), (1, &[100, 0, 0, 255]), (2, &[0, 100, 0, 0])].into_iter());
        cells.add(0, [(1, [200].as_slice()), (2, &[50, 0]), (3, &[9])].into_iter());
        assert_eq!(cells.into_pixels().data, [150, 100, 100, 128]);
    }
}

//! A picture whose colours have half its width and height, 4:2:0: a byte and a half for each pixel.

use jpeg_encoder::{ImageBuffer, JpegColorType};

use super::encode::Picture;
use crate::{
    limits,
    orientation::Orientation,
    pixels::{Layout, Pixels},
    upright::Upright,
};

/// Luma and two chromas (JFIF 1.02), each by itself.
pub(crate) struct Planes {
    luma: Pixels,
    chroma: [Pixels; 2],
    /// The chroma of an even row: the mean of two neighbours, until the row below is added.
    above: Vec<[u8; 2]>,
}

impl Planes {
    /// Nothing yet of a picture of this size.
    pub(crate) fn new(width: u32, height: u32) -> Self {
        let plane = |[width, height]: [u32; 2]| Pixels {
            width,
            height,
            layout: Layout::Luma,
            sample_bytes: 1,
            data: Vec::with_capacity(width as usize * height as usize),
        };
        let half = [width, height].map(|side| side.div_ceil(2));
        let above = Vec::with_capacity(half[0] as usize);
        Self { luma: plane([width, height]), chroma: [plane(half), plane(half)], above }
    }

    /// What the planes of a picture take, in bytes.
    pub(crate) fn bytes(width: u32, height: u32) -> u64 {
        limits::pixels(width, height) + 2 * limits::pixels(width.div_ceil(2), height.div_ceil(2))
    }

    /// Adds the next row of `YCbCr` pixels.
    pub(crate) fn add(&mut self, row: &[u8]) {
        self.luma.data.extend(row.chunks_exact(3).map(|pixel| pixel[0]));
        let pairs = row.chunks(6).map(|pair| [1, 2].map(|at| mean(pair[at], pair[pair.len() - 3 + at])));
        let rows = self.luma.data.len() / self.luma.width as usize;
        if rows % 2 == 1 {
            self.above.clear();
            self.above.extend(pairs);
            if rows == self.luma.height as usize {
                self.keep_chroma_above();
            }
        } else {
            let [blue, red] = &mut self.chroma;
            for (below, above) in pairs.zip(&self.above) {
                blue.data.push(mean(below[0], above[0]));
                red.data.push(mean(below[1], above[1]));
            }
        }
    }

    /// The last row of a picture of an odd height.
    fn keep_chroma_above(&mut self) {
        for (sample, plane) in self.chroma.iter_mut().enumerate() {
            plane.data.extend(self.above.iter().map(|chroma| chroma[sample]));
        }
    }

    /// Whether all rows were added.
    pub(crate) fn are_whole(&self) -> bool {
        self.luma.data.len() as u64 == limits::pixels(self.luma.width, self.luma.height)
    }
}

fn mean(one: u8, another: u8) -> u8 {
    one.midpoint(another)
}

impl Picture for Planes {
    fn raw_bytes(&self) -> usize {
        self.luma.data.len() + 2 * self.chroma[0].data.len()
    }

    fn halve(&mut self) {
        self.luma.halve();
        self.chroma.iter_mut().for_each(Pixels::halve);
    }

    fn rows(&self, orientation: Orientation) -> impl ImageBuffer {
        let upright = |plane| Upright::new(plane, orientation);
        let [blue, red] = &self.chroma;
        Rows { luma: upright(&self.luma), chroma: [upright(blue), upright(red)] }
    }
}

/// Feeds the encoder row by row, with the chroma of each pixel.
struct Rows<'a> {
    luma: Upright<'a>,
    chroma: [Upright<'a>; 2],
}

/// Where the chroma of a pixel is in its row or column, of which there are `pairs` for `pixels`. After halving
/// an odd side there can be a pair less.
fn pair_of(pixel: u32, pixels: u32, pairs: u32, is_reversed: bool) -> u32 {
    if is_reversed {
        pairs - 1 - pair_of(pixels - 1 - pixel, pixels, pairs, false)
    } else {
        (pixel / 2).min(pairs - 1)
    }
}

impl ImageBuffer for Rows<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        u16::try_from(self.luma.width).expect("sides are limited")
    }

    fn height(&self) -> u16 {
        u16::try_from(self.luma.height).expect("sides are limited")
    }

    fn fill_buffers(&self, y: u16, [first, second, third, _]: &mut [Vec<u8>; 4]) {
        let (y, luma) = (u32::from(y), &self.luma);
        let (columns_reversed, rows_reversed) = luma.are_reversed();
        first.extend(luma.row(y).map(|pixel| pixel[0]));
        let mut pairs = Vec::with_capacity(self.chroma[0].width as usize);
        for (plane, out) in self.chroma.iter().zip([second, third]) {
            pairs.clear();
            pairs.extend(
                plane.row(pair_of(y, luma.height, plane.height, rows_reversed)).map(|chroma| chroma[0]),
            );
            let pair = |x| pairs[pair_of(x, luma.width, plane.width, columns_reversed) as usize];
            out.extend((0..luma.width).map(pair));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pixels whose luma and chroma tell where they are, two by two of one chroma.
    fn planes(width: u8, height: u8) -> Planes {
        let mut planes = Planes::new(u32::from(width), u32::from(height));
        for y in 0..height {
            let row = (0..width).flat_map(|x| [x * 16 + y, x / 2 * 16 + y / 2, 255 - (x / 2 * 16 + y / 2)]);
            planes.add(&row.collect::<Vec<_>>());
        }
        assert!(planes.are_whole());
        planes
    }

    #[test]
    fn every_pixel_keeps_its_chroma_however_it_is_turned() {
        for (width, height) in [(6, 4), (5, 4), (6, 3), (5, 3), (1, 1), (1, 4), (7, 1)] {
            let planes = planes(width, height);
            for orientation in Orientation::ALL {
                let rows = planes.rows(orientation);
                for y in 0..rows.height() {
                    let mut buffers = [vec![], vec![], vec![], vec![]];
                    rows.fill_buffers(y, &mut buffers);
                    let [luma, blue, red, _] = buffers;
                    assert_eq!(luma.len(), usize::from(rows.width()));
                    for ((luma, blue), red) in luma.into_iter().zip(blue).zip(red) {
                        let of_pair = luma / 16 / 2 * 16 + luma % 16 / 2;
                        assert_eq!(
                            (blue, red),
                            (of_pair, 255 - of_pair),
                            "{width} x {height}, {orientation:?}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn chroma_is_averaged_two_by_two() {
        let mut planes = Planes::new(2, 2);
        planes.add(&[1, 10, 0, 2, 20, 0]);
        planes.add(&[3, 30, 0, 4, 40, 8]);
        assert_eq!(planes.luma.data, [1, 2, 3, 4]);
        assert_eq!(planes.chroma.map(|plane| plane.data), [[25], [2]]);
    }

    #[test]
    fn halved_planes_keep_the_chroma_of_each_pixel_however_they_are_turned() {
        for (width, height) in [(8, 8), (10, 6), (6, 4), (7, 5), (1, 1), (3, 2)] {
            let mut planes = planes(width, height);
            planes.halve();
            let seen = |orientation| {
                let rows = planes.rows(orientation);
                let of_row = |y| {
                    let mut buffers = [vec![], vec![], vec![], vec![]];
                    rows.fill_buffers(y, &mut buffers);
                    let [luma, blue, red, _] = buffers;
                    luma.into_iter().zip(blue).zip(red).collect::<Vec<_>>()
                };
                (0..rows.height()).map(of_row).collect::<Vec<_>>()
            };
            let upright = seen(Orientation::NoTransforms);
            let reversed: Vec<Vec<_>> =
                upright.iter().rev().map(|row| row.iter().rev().copied().collect()).collect();
            assert_eq!(seen(Orientation::Rotate180), reversed, "{width} x {height}");
            let flipped: Vec<Vec<_>> =
                upright.iter().map(|row| row.iter().rev().copied().collect()).collect();
            assert_eq!(seen(Orientation::FlipHorizontal), flipped, "{width} x {height}");
        }
    }
}

//! Decoded pixels, row by row, without padding.

/// What the samples of a pixel mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// One sample.
    Luma,
    /// Luma and alpha.
    LumaAlpha,
    /// Luma and two chromas, full range (JFIF 1.02).
    YCbCr,
    /// Three samples.
    Rgb,
    /// Three samples and alpha.
    Rgba,
    /// Three samples and an alpha that is known to be opaque.
    Rgbx,
}

impl Layout {
    /// Samples of one pixel.
    pub(crate) const fn samples(self) -> usize {
        match self {
            Self::Luma => 1,
            Self::LumaAlpha => 2,
            Self::YCbCr | Self::Rgb => 3,
            Self::Rgba | Self::Rgbx => 4,
        }
    }

    /// Whether the last sample is opacity.
    pub(crate) const fn has_alpha(self) -> bool {
        matches!(self, Self::LumaAlpha | Self::Rgba)
    }
}

/// A picture in memory: `width * height * samples * sample_bytes` bytes, samples of two bytes in big-endian
/// order.
#[derive(Clone)]
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) layout: Layout,
    /// 1 or 2.
    pub(crate) sample_bytes: usize,
    pub(crate) data: Vec<u8>,
}

impl Pixels {
    /// Bytes of one pixel.
    pub(crate) fn pixel_bytes(&self) -> usize {
        self.layout.samples() * self.sample_bytes
    }

    /// The picture at a place on a larger, transparent canvas. Not for `YCbCr` and `Rgbx`.
    pub(crate) fn on_canvas(&self, width: u32, height: u32, left: u32, top: u32) -> Self {
        let layout = if matches!(self.layout, Layout::Luma | Layout::LumaAlpha) {
            Layout::LumaAlpha
        } else {
            Layout::Rgba
        };
        let canvas = Self { width, height, layout, sample_bytes: self.sample_bytes, data: Vec::new() };
        let (size, own_size) = (canvas.pixel_bytes(), self.pixel_bytes());
        let line = width as usize * size;
        let mut data = vec![0; line * height as usize];
        for (y, row) in self.data.chunks_exact(self.width as usize * own_size).enumerate() {
            let start = (top as usize + y) * line + left as usize * size;
            for (target, source) in data[start..].chunks_exact_mut(size).zip(row.chunks_exact(own_size)) {
                target[own_size..].fill(u8::MAX);
                target[..own_size].copy_from_slice(source);
            }
        }
        Self { data, ..canvas }
    }

    /// Drops an opaque alpha channel. In place; only RGBA with 8 bits a sample.
    pub(crate) fn drop_opaque_alpha(&mut self) {
        if self.layout != Layout::Rgba || self.sample_bytes != 1 {
            return;
        }
        if self.data.chunks_exact(4).any(|pixel| pixel[3] != u8::MAX) {
            return;
        }
        for index in 0..self.data.len() / 4 {
            self.data.copy_within(index * 4..index * 4 + 3, index * 3);
        }
        self.data.truncate(self.data.len() / 4 * 3);
        self.layout = Layout::Rgb;
    }

    /// Halves both sides (not below one pixel) by averaging two by two. In place, so that it needs no memory.
    ///
    /// Colours are weighted by opacity: invisible pixels do not bleed into visible ones.
    pub(crate) fn halve(&mut self) {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let mut target = 0;
        for y in 0..height {
            for x in 0..width {
                let sources = self.four_around(x, y);
                let opacities = sources.map(|source| self.opacity(source));
                for sample in 0..self.layout.samples() {
                    let is_alpha = self.layout.has_alpha() && sample + 1 == self.layout.samples();
                    let weights = if is_alpha || opacities == [0; 4] { [1; 4] } else { opacities };
                    let value = self.average(sources, weights, sample);
                    self.store(target, value);
                    target += self.sample_bytes;
                }
            }
        }
        self.data.truncate(target);
        (self.width, self.height) = (width, height);
    }

    /// Where the four pixels begin that become one; the same ones twice where a side is a single pixel.
    fn four_around(&self, x: u32, y: u32) -> [usize; 4] {
        let x2 = (2 * x + 1).min(self.width - 1);
        let y2 = (2 * y + 1).min(self.height - 1);
        let (x1, y1) = ((2 * x).min(x2), (2 * y).min(y2));
        [(x1, y1), (x2, y1), (x1, y2), (x2, y2)]
            .map(|(x, y)| (y as usize * self.width as usize + x as usize) * self.pixel_bytes())
    }

    fn opacity(&self, source: usize) -> u64 {
        if !self.layout.has_alpha() {
            return 1;
        }
        self.load(source + (self.layout.samples() - 1) * self.sample_bytes)
    }

    fn average(&self, sources: [usize; 4], weights: [u64; 4], sample: usize) -> u64 {
        let total: u64 = weights.iter().sum();
        let sum: u64 = sources
            .iter()
            .zip(weights)
            .map(|(source, weight)| self.load(source + sample * self.sample_bytes) * weight)
            .sum();
        (sum + total / 2) / total
    }

    fn load(&self, at: usize) -> u64 {
        match self.sample_bytes {
            1 => u64::from(self.data[at]),
            _ => u64::from(u16::from_be_bytes([self.data[at], self.data[at + 1]])),
        }
    }

    fn store(&mut self, at: usize, value: u64) {
        let bytes = value.to_be_bytes();
        self.data[at..at + self.sample_bytes].copy_from_slice(&bytes[8 - self.sample_bytes..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(width: u32, height: u32, layout: Layout, sample_bytes: usize, data: &[u8]) -> Pixels {
        Pixels { width, height, layout, sample_bytes, data: data.to_vec() }
    }

    #[test]
    fn halving_averages_two_by_two() {
        let mut grey = pixels(4, 2, Layout::Luma, 1, &[0, 2, 10, 10, 4, 6, 10, 12]);
        grey.halve();
        assert_eq!((grey.width, grey.height, grey.data), (2, 1, vec![3, 11]));

        let mut deep = pixels(2, 1, Layout::Luma, 2, &[1, 0, 2, 0]);
        deep.halve();
        assert_eq!((deep.width, deep.height, deep.data), (1, 1, vec![1, 128]));
    }

    #[test]
    fn invisible_pixels_do_not_bleed() {
        let mut edge = pixels(2, 1, Layout::Rgba, 1, &[200, 0, 0, 255, 0, 255, 0, 0]);
        edge.halve();
        assert_eq!(edge.data, [200, 0, 0, 128]);
    }

    #[test]
    fn one_pixel_stays_one_pixel() {
        let mut one = pixels(1, 1, Layout::Rgb, 1, &[1, 2, 3]);
        one.halve();
        assert_eq!((one.width, one.height, one.data), (1, 1, vec![1, 2, 3]));
    }

    #[test]
    fn opaque_alpha_is_dropped() {
        let mut opaque = pixels(2, 1, Layout::Rgba, 1, &[1, 2, 3, 255, 4, 5, 6, 255]);
        opaque.drop_opaque_alpha();
        assert_eq!((opaque.layout, opaque.data), (Layout::Rgb, vec![1, 2, 3, 4, 5, 6]));

        let mut glass = pixels(1, 1, Layout::Rgba, 1, &[1, 2, 3, 254]);
        glass.drop_opaque_alpha();
        assert_eq!(glass.layout, Layout::Rgba);
    }
}

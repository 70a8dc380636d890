//! Sizes of squares.

/// The side of a square picture: 1 to 512 pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size(u16);

impl Size {
    /// The largest: 512 pixels.
    pub const MAX: Self = Self(512);

    /// The sizes of stored renditions, the largest first.
    pub const STANDARD: [Self; 4] = [Self(512), Self(256), Self(128), Self(64)];

    /// The standard sizes that are made after each upload, the largest first: each is made from the one
    /// before. The others are made when they are first requested.
    pub const EAGER: [Self; 3] = [Self(256), Self(128), Self(64)];

    /// The size of this many pixels a side, if there is one.
    pub fn new(pixels: u32) -> Option<Self> {
        let size = Self(u16::try_from(pixels).ok()?);
        (1..=Self::MAX.0).contains(&size.0).then_some(size)
    }

    /// Pixels a side.
    pub fn pixels(self) -> u32 {
        u32::from(self.0)
    }

    /// The smallest standard size that is at least this large: the rendition to scale from.
    #[must_use]
    pub fn next_standard(self) -> Self {
        Self::STANDARD.into_iter().rev().find(|standard| *standard >= self).unwrap_or(Self::MAX)
    }

    /// Total pixels.
    pub fn area(self) -> usize {
        usize::from(self.0) * usize::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_from_1_to_512() {
        for (pixels, fits) in [(0, false), (1, true), (512, true), (513, false), (65_537, false)] {
            assert_eq!(Size::new(pixels).map(Size::pixels), fits.then_some(pixels));
        }
    }

    #[test]
    fn the_eager_sizes_are_standard() {
        assert!(Size::EAGER.iter().all(|size| Size::STANDARD.contains(size)));
    }

    #[test]
    fn the_next_standard_size_is_the_same_or_larger() {
        for (pixels, standard) in [(1, 64), (64, 64), (65, 128), (80, 128), (257, 512), (512, 512)] {
            assert_eq!(Size::new(pixels).unwrap().next_standard().pixels(), standard);
        }
    }
}

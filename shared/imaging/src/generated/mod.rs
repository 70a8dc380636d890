//! Pictures for users without an avatar: each depends only on its kind and a hash, at any size.
//!
//! Each size is drawn anew, not scaled, so edges stay sharp.

mod blank;
mod identicon;
mod initials;
mod palette;
mod person;
mod retro;

pub use initials::Initials;

use domain::Digest;

use crate::square::{Size, Square};

/// A kind of generated picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Generated {
    /// A pattern of squares that is the same from left to right and from right to left.
    Identicon,
    /// A creature of an early computer game.
    Retro,
    /// One or two letters. They are a part of the kind: the hash gives only the colour.
    Initials(Initials),
    /// The outline of a person, the same for every hash (`mp`, `mm`).
    Person,
    /// Transparent.
    Blank,
}

impl Generated {
    /// Draws the picture that belongs to `hash`, of any length: the bytes behind `/avatar/{hash}`, not their
    /// hex.
    ///
    /// Takes at most `size * size * 5` bytes of memory and a few milliseconds.
    pub fn draw(self, hash: &[u8], size: Size) -> Square {
        // Hashed again, so that the bits are evenly distributed however the hash was chosen.
        let seed = *Digest::of(hash).as_bytes();
        match self {
            Self::Identicon => identicon::draw(&seed, size),
            Self::Retro => retro::draw(&seed, size),
            Self::Initials(initials) => initials.draw(&seed, size),
            Self::Person => person::draw(size),
            Self::Blank => blank::draw(size),
        }
    }
}

/// Bits and bytes to draw by: a digest.
type Seed = [u8; 32];

/// Which of `count` equal parts of a side contains a pixel. Mirrored pixels are in mirrored parts at every
/// size.
fn part(pixel: u32, size: Size, count: u32) -> u32 {
    let pixels = size.pixels();
    let of = |pixel: u32| (2 * pixel + 1) * count / (2 * pixels);
    let mirrored = pixels - 1 - pixel;
    if pixel <= mirrored { of(pixel) } else { count - 1 - of(mirrored) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_mirrored_at_every_size() {
        for side in 1..=512 {
            let size = Size::new(side).unwrap();
            for pixel in 0..side / 2 {
                assert_eq!(part(pixel, size, 12), 11 - part(side - 1 - pixel, size, 12), "{pixel} of {side}");
            }
        }
    }
}

//! How many prefix codes a lossless picture has (RFC 9649, 3.7).
//!
//! A decoder builds five tables for each group of codes, and twelve bytes of a file can ask for a table of 4
//! kB: a file of 4 MiB could ask for more than a GiB. So the groups are counted before anything is decoded.
//! This skips the transforms and the image of groups, and stops before the codes of the picture itself.

use super::bits::{Bits, Code};

/// Symbols of the alphabets of green and lengths, red, blue, alpha, and distances.
const ALPHABETS: [usize; 5] = [256 + 24, 256, 256, 256, 40];

/// Groups of codes, and what they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Groups {
    pub(crate) count: u64,
    /// Size of the colour cache; each colour is one more symbol of the first alphabet.
    pub(crate) cached_colours: u64,
}

impl Groups {
    /// The maximum that the format allows.
    pub(crate) const WORST: Self = Self { count: 1 << 16, cached_colours: 1 << 11 };

    /// Reads a picture of this size after its header, or the alpha of a lossy one. `None` where it is
    /// damaged.
    pub(crate) fn read(data: &[u8], width: u32, height: u32) -> Option<Self> {
        let mut bits = Bits::new(data);
        let width = skip_transforms(&mut bits, width, height)?;
        let cached_colours = read_cache(&mut bits)?;
        let mut count = 1;
        if bits.read(1)? == 1 {
            let (width, height) = blocks(bits.read(3)? + 2, width, height);
            count += u64::from(read_over(&mut bits, width, height)?);
        }
        Some(Self { count, cached_colours: cached_colours as u64 })
    }

    /// The most that image-webp 0.2 holds for them, in bytes, out of `length` bytes of data.
    pub(crate) fn decoder_bytes(self, length: u64) -> u64 {
        // A table of 1,024 entries each, and for longer codes two nodes of 16 bytes a symbol.
        let symbols = ALPHABETS.iter().sum::<usize>() as u64 + self.cached_colours;
        let group = 5 * 4_224 + symbols * 32;
        (self.count * group).min(length * 512)
    }
}

/// Skips the transforms. Returns the width of the picture as stored after them.
fn skip_transforms(bits: &mut Bits, mut width: u32, height: u32) -> Option<u32> {
    let mut seen = [false; 4];
    while bits.read(1)? == 1 {
        let kind = bits.read(2)?;
        if std::mem::replace(seen.get_mut(kind as usize)?, true) {
            return None;
        }
        match kind {
            0 | 1 => {
                let (width, height) = blocks(bits.read(3)? + 2, width, height);
                read_over(bits, width, height)?;
            }
            3 => {
                let colours = bits.read(8)? + 1;
                read_over(bits, colours, 1)?;
                let packed = match colours {
                    0..=2 => 3,
                    3..=4 => 2,
                    5..=16 => 1,
                    _ => 0,
                };
                (width, _) = blocks(packed, width, 1);
            }
            _ => {}
        }
    }
    Some(width)
}

/// Skips an auxiliary image. Returns the largest red and green of its pixels, as one number.
fn read_over(bits: &mut Bits, width: u32, height: u32) -> Option<u32> {
    let cached_colours = read_cache(bits)?;
    let mut codes = Vec::with_capacity(ALPHABETS.len());
    for (index, symbols) in ALPHABETS.into_iter().enumerate() {
        codes.push(Code::read(bits, if index == 0 { symbols + cached_colours } else { symbols })?);
    }
    let pixels = u64::from(width) * u64::from(height);
    let (mut at, mut largest) = (0, 0);
    while at < pixels {
        let green = codes[0].decode(bits)?;
        match green {
            0..256 => {
                let red = codes[1].decode(bits)?;
                codes[2].decode(bits)?;
                codes[3].decode(bits)?;
                largest = largest.max(red << 8 | green);
                at += 1;
                if codes[..4].iter().all(Code::is_constant) {
                    break;
                }
            }
            256..280 => {
                at += u64::from(read_prefixed(bits, green - 256)?);
                let distance = codes[4].decode(bits)?;
                read_prefixed(bits, distance)?;
            }
            // A colour from the cache.
            _ => at += 1,
        }
    }
    Some(largest)
}

fn read_cache(bits: &mut Bits) -> Option<usize> {
    if bits.read(1)? == 0 {
        return Some(0);
    }
    let size = bits.read(4)?;
    (1..=11).contains(&size).then_some(1 << size)
}

/// A length or distance: a prefix code and its extra bits (RFC 9649, 3.6.2.2).
fn read_prefixed(bits: &mut Bits, prefix: u32) -> Option<u32> {
    if prefix < 4 {
        return Some(prefix + 1);
    }
    let extra = (prefix - 2) >> 1;
    let offset = (2 + (prefix & 1)) << extra;
    Some(offset + bits.read(extra)? + 1)
}

fn blocks(size_bits: u32, width: u32, height: u32) -> (u32, u32) {
    (width.div_ceil(1 << size_bits), height.div_ceil(1 << size_bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits from the lowest of each byte on.
    fn packed(bits: &[(u32, u32)]) -> Vec<u8> {
        let all: Vec<u32> =
            bits.iter().flat_map(|(value, count)| (0..*count).map(move |bit| value >> bit & 1)).collect();
        all.chunks(8)
            .map(|byte| byte.iter().rev().fold(0, |sum, bit| sum << 1 | u8::from(*bit == 1)))
            .collect()
    }

    /// A code of one symbol of 8 bits.
    fn constant(symbol: u32) -> [(u32, u32); 4] {
        [(1, 1), (0, 1), (1, 1), (symbol, 8)]
    }

    #[test]
    fn a_picture_without_an_image_of_groups_has_one() {
        let data = packed(&[(0, 1), (0, 1), (0, 1)]);
        assert_eq!(Groups::read(&data, 8, 8), Some(Groups { count: 1, cached_colours: 0 }));
    }

    #[test]
    fn the_largest_number_in_the_image_of_groups_counts() {
        // No transforms, a cache of 2 ^ 3 colours, groups in blocks of 4, their image without cache: red 255,
        // green 254.
        let head = [(0, 1), (1, 1), (3, 4), (1, 1), (0, 3), (0, 1)];
        let codes = [constant(254), constant(255), constant(0), constant(0), constant(0)].concat();
        let data = packed(&[&head[..], &codes].concat());
        let groups = Groups::read(&data, 8, 8).unwrap();
        assert_eq!(groups, Groups { count: 65_535, cached_colours: 8 });
        assert!(groups.decoder_bytes(4 << 20) > 1 << 30);
    }

    #[test]
    fn a_palette_narrows_the_picture_and_damage_is_detected() {
        let palette = [&[(1, 1), (3, 2), (1, 8), (0, 1)][..], &[constant(0); 5].concat(), &[(0, 3)]].concat();
        assert_eq!(skip_transforms(&mut Bits::new(&packed(&palette)), 17, 2), Some(3));
        assert_eq!(Groups::read(&[], 8, 8), None);
        assert_eq!(Groups::read(&[0xff; 8], 8, 8), None);
    }
}

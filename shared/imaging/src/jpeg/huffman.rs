//! Huffman tables (ITU T.81, C and F.2.2.3) and the bits that they decode.

use crate::read;

/// Codes up to this length are decoded by one lookup.
const LOOKUP_BITS: u32 = 9;

/// One table of a `DHT` segment.
pub(crate) struct Table {
    /// By the next bits: how many bits the code and its number take (0 where the code is longer), and the
    /// symbol.
    lookup: [(u8, u8); 1 << LOOKUP_BITS],
    /// By length: the first code, how many there are, and where their symbols begin.
    lengths: [(u32, u32, usize); 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From the number of codes of each length and their symbols. `None` where there are more codes than bits
    /// allow.
    pub(crate) fn new(counts: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let mut table =
            Self { lookup: [(0, 0); 1 << LOOKUP_BITS], lengths: [(0, 0, 0); 17], symbols: symbols.to_vec() };
        let (mut code, mut index) = (0u32, 0usize);
        for (length, count) in (1u8..).zip(counts) {
            table.lengths[usize::from(length)] = (code, u32::from(*count), index);
            for symbol in symbols.get(index..index + usize::from(*count))? {
                if code >> length != 0 {
                    return None;
                }
                if let Some(spare) = LOOKUP_BITS.checked_sub(u32::from(length)) {
                    let first = (code << spare) as usize;
                    table.lookup[first..first + (1 << spare)].fill((length + (symbol & 15), *symbol));
                }
                code += 1;
            }
            index += usize::from(*count);
            code <<= 1;
        }
        Some(table)
    }
}

/// Reads bits from the highest of each byte on, without stuffed zeros.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the highest on.
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    /// Of entropy-coded data without markers.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, count: 0 }
    }

    /// Skips a code and the bits of the number that it announces in its low four bits. Returns the code's
    /// symbol, or `None` where the data ends or there is no such code.
    #[inline]
    pub(crate) fn skip(&mut self, table: &Table) -> Option<u8> {
        if self.count < 32 {
            self.refill();
        }
        let (mut used, mut symbol) = table.lookup[(self.buffer >> (64 - LOOKUP_BITS)) as usize];
        if used == 0 {
            (used, symbol) = self.long_code(table)?;
        }
        self.count = self.count.checked_sub(u32::from(used))?;
        self.buffer <<= used;
        Some(symbol)
    }

    /// Number of bytes read, including those with unread padding bits.
    pub(crate) fn used(&self) -> usize {
        let mut unread = self.count / 8;
        let mut used = self.at;
        while unread > 0 {
            // A stuffed zero belongs to the byte before it.
            used -= if used >= 2 && self.bytes[used - 2..used] == [0xff, 0] { 2 } else { 1 };
            unread -= 1;
        }
        used
    }

    fn refill(&mut self) {
        if let Some(word) = read::be32(self.bytes, self.at).filter(|word| !has_ones(*word)) {
            self.buffer |= u64::from(word) << (32 - self.count);
            self.count += 32;
            self.at += 4;
            return;
        }
        while self.count <= 56 {
            let Some(byte) = self.bytes.get(self.at) else { return };
            self.at += if *byte == 0xff { 2 } else { 1 };
            self.buffer |= u64::from(*byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[cold]
    fn long_code(&self, table: &Table) -> Option<(u8, u8)> {
        (1..=16).find_map(|length: u8| {
            let code = u32::try_from(self.buffer >> (64 - u32::from(length))).ok()?;
            let (first, count, index) = table.lengths[usize::from(length)];
            let offset = code.checked_sub(first).filter(|offset| *offset < count)?;
            table.symbols.get(index + offset as usize).map(|symbol| (length + (symbol & 15), *symbol))
        })
    }
}

/// Whether one of the four bytes is 0xFF.
fn has_ones(word: u32) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two codes of two bits, one of three and one of twelve.
    fn table() -> Table {
        let mut counts = [0; 16];
        (counts[1], counts[2], counts[11]) = (2, 1, 1);
        Table::new(&counts, &[0x00, 0x03, 0x10, 0xf0]).unwrap()
    }

    #[test]
    fn codes_are_skipped_with_their_numbers() {
        // 00, 01 with 111, 100, then 101000000000.
        let mut bits = Bits::new(&[0b0001_1111, 0b0010_1000, 0b0000_0011]);
        let table = table();
        assert_eq!([(); 4].map(|()| bits.skip(&table)), [Some(0), Some(3), Some(0x10), Some(0xf0)]);
        assert_eq!(bits.used(), 3);
        assert_eq!(bits.skip(&table), None);
    }

    #[test]
    fn stuffed_zeros_are_skipped() {
        // 01 with 111, 00, then 01 with 111 out of the first stuffed byte; ones begin no code.
        let mut bits = Bits::new(&[0b0111_1000, 0xff, 0, 0xff, 0]);
        let table = table();
        assert_eq!([(); 3].map(|()| bits.skip(&table)), [Some(3), Some(0), Some(3)]);
        assert_eq!(bits.used(), 3);
        assert_eq!(bits.skip(&table), None);
    }

    #[test]
    fn tables_with_too_many_codes_are_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(&counts, &[1, 2, 3]).is_none());
        assert!(Table::new(&[1; 16], &[]).is_none());
    }
}

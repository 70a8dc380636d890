//! Huffman tables (ITU T.81, C and F.2.2.3) and the bits that they decode.

use crate::read;

/// Codes up to this length are decoded by one lookup.
const LOOKUP_BITS: u32 = 9;

/// Of the numbers after the first of a block, one lookup takes as many as fit into these bits.
const STEP_BITS: u32 = 11;

const COEFFICIENTS: u8 = 64;

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

    /// The code at the start of `bits`: how many it and its number take, and its symbol.
    #[inline]
    fn code(&self, bits: u64) -> Option<(u8, u8)> {
        let (used, symbol) = self.lookup[(bits >> (64 - LOOKUP_BITS)) as usize];
        if used > 0 { Some((used, symbol)) } else { self.long_code(bits) }
    }

    #[cold]
    fn long_code(&self, bits: u64) -> Option<(u8, u8)> {
        (1..=16).find_map(|length: u8| {
            let code = u32::try_from(bits >> (64 - u32::from(length))).ok()?;
            let (first, count, index) = self.lengths[usize::from(length)];
            let offset = code.checked_sub(first).filter(|offset| *offset < count)?;
            self.symbols.get(index + offset as usize).map(|symbol| (length + (symbol & 15), *symbol))
        })
    }
}

/// The table of all codes of a block but the first.
pub(crate) struct Rest {
    table: Table,
    /// By the next bits: the codes that are whole in them.
    steps: Box<[Step; 1 << STEP_BITS]>,
}

/// Some of these codes, and their numbers.
#[derive(Clone, Copy, Default)]
struct Step {
    /// What they take; 0 where the first is longer than the lookup, or there is no such code.
    bits: u8,
    /// How many coefficients they fill, zeros included.
    coefficients: u8,
    /// Whether the last ends the block.
    ends: bool,
}

impl Rest {
    pub(crate) fn new(table: Table) -> Self {
        let mut steps = Box::new([Step::default(); 1 << STEP_BITS]);
        for (bits, step) in (0_u64..).zip(steps.iter_mut()) {
            *step = Step::of(&table, bits << (64 - STEP_BITS));
        }
        Self { table, steps }
    }
}

impl Step {
    /// The codes at the start of `bits`, of which the highest [`STEP_BITS`] are known.
    fn of(table: &Table, bits: u64) -> Self {
        let mut step = Self::default();
        while !step.ends
            && let Some((used, symbol)) = table.code(bits << step.bits)
        {
            let filled = filled(symbol);
            let coefficients = step.coefficients + filled.unwrap_or(0);
            if u32::from(step.bits + used) > STEP_BITS || coefficients >= COEFFICIENTS {
                break;
            }
            step = Self { bits: step.bits + used, coefficients, ends: filled.is_none() };
        }
        step
    }
}

/// How many coefficients a code fills, zeros before its number included; `None` where it ends the block.
fn filled(symbol: u8) -> Option<u8> {
    match (symbol >> 4, symbol & 15) {
        (15, 0) => Some(16),
        (_, 0) => None,
        (run, _) => Some(run + 1),
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
        let (used, symbol) = table.code(self.buffer)?;
        self.count = self.count.checked_sub(u32::from(used))?;
        self.buffer <<= used;
        Some(symbol)
    }

    /// Skips the codes of a block after the first, and their numbers. Returns `None` where the data ends, there
    /// is no such code, or there are more than 63 coefficients.
    #[inline]
    pub(crate) fn skip_rest(&mut self, rest: &Rest) -> Option<()> {
        let mut coefficient = 1;
        while coefficient < COEFFICIENTS {
            if self.count < 32 {
                self.refill();
            }
            let step = rest.steps[(self.buffer >> (64 - STEP_BITS)) as usize];
            let next = coefficient + step.coefficients;
            // Past the last coefficient the next block begins, so one code at a time is read there.
            if step.bits > 0 && next + u8::from(step.ends) <= COEFFICIENTS {
                self.count = self.count.checked_sub(u32::from(step.bits))?;
                self.buffer <<= step.bits;
                if step.ends {
                    return Some(());
                }
                coefficient = next;
            } else {
                match filled(self.skip(&rest.table)?) {
                    None => return Some(()),
                    Some(filled) => coefficient += filled,
                }
            }
        }
        (coefficient == COEFFICIENTS).then_some(())
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
}

/// Whether one of the four bytes is 0xFF.
fn has_ones(word: u32) -> bool {
    let inverse = !word;
    inverse.wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jpeg::standard;

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

    /// Of [`table`]: 00 ends a block, 01 has a number of 3 bits, and the long code is 16 zeros.
    #[test]
    fn the_rest_of_a_block_is_skipped_to_its_end() {
        let rest = Rest::new(table());
        // Four numbers, and the end; the next block begins with 01.
        let mut bits = Bits::new(&[0b0111_1011, 0b1101_1110, 0b1111_0001, 0b1110_0000]);
        assert_eq!(bits.skip_rest(&rest), Some(()));
        assert_eq!(bits.skip(&table()), Some(3));
    }

    #[test]
    fn a_full_block_has_no_end_and_what_follows_is_of_the_next() {
        let rest = Rest::new(table());
        // 63 numbers of five bits are 315 bits; then 00.
        let text = "01111".repeat(63) + "00" + "0111111";
        let bytes: Vec<u8> = text.as_bytes().chunks(8).map(bits_of).collect();
        let mut bits = Bits::new(&bytes);
        assert_eq!(bits.skip_rest(&rest), Some(()));
        assert_eq!(bits.skip(&table()), Some(0));
        assert_eq!(bits.skip(&table()), Some(3));
    }

    #[test]
    fn a_block_of_more_than_63_coefficients_is_refused() {
        let rest = Rest::new(table());
        let text = "01111".repeat(62) + "101000000000" + "0111";
        let bytes: Vec<u8> = text.as_bytes().chunks(8).map(bits_of).collect();
        assert_eq!(Bits::new(&bytes).skip_rest(&rest), None);
    }

    /// One code after the other, as [`Bits::skip_rest`] does it for several at a time.
    fn skip_rest_by_code(bits: &mut Bits<'_>, table: &Table) -> Option<()> {
        let mut coefficient = 1;
        while coefficient < COEFFICIENTS {
            match filled(bits.skip(table)?) {
                None => return Some(()),
                Some(filled) => coefficient += filled,
            }
        }
        (coefficient == COEFFICIENTS).then_some(())
    }

    #[test]
    fn several_codes_at_a_time_end_where_one_after_the_other_does() {
        let mut random = 1_u32;
        let mut byte = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // 0xff would begin a marker.
            random.to_be_bytes()[0].min(0xfe)
        };
        for segment in standard::AC {
            let counts: [u8; 16] = segment[1..17].try_into().unwrap();
            let table = || Table::new(&counts, &segment[17..]).unwrap();
            let (rest, table) = (Rest::new(table()), table());
            let (mut ended, mut refused) = (0, 0);
            for length in (0..4_000).map(|round| round % 97) {
                let bytes: Vec<u8> = (0..length).map(|_| byte()).collect();
                let (mut some, mut one) = (Bits::new(&bytes), Bits::new(&bytes));
                loop {
                    let outcome = some.skip_rest(&rest);
                    assert_eq!(outcome, skip_rest_by_code(&mut one, &table), "{bytes:?}");
                    if outcome.is_none() {
                        break refused += 1;
                    }
                    assert_eq!((some.used(), some.count % 8), (one.used(), one.count % 8), "{bytes:?}");
                    ended += 1;
                }
            }
            assert!(ended > 1_000 && refused > 1_000, "{ended}, {refused}");
        }
    }

    fn bits_of(text: &[u8]) -> u8 {
        text.iter().chain([&b'1'; 8]).take(8).fold(0, |byte, bit| byte << 1 | (bit - b'0'))
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

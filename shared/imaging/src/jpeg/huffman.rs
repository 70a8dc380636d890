//! Huffman tables (ITU T.81, C and F.2.2.3) and the bits that they decode.

use std::{array, hint::select_unpredictable};

use crate::read;

/// Codes up to this length are decoded by one lookup.
const LOOKUP_BITS: u32 = 9;

/// A step is looked up by this many bits.
const STEP_BITS: u32 = KnownBits::Kept as u32;

/// Of these, how many a step is made of: where they do not show a code, the step ends before it. Its last number may be
/// longer.
#[derive(Clone, Copy)]
pub(crate) enum KnownBits {
    /// For tables of one picture: with more bits, making the steps would take longer than they save.
    Once = 10,
    /// For tables whose steps are kept.
    Kept = 12,
}

/// What a step takes at most, so that [`STEPS`] of them fit into a refill's 56 bits.
const MAX_STEP_BITS: u32 = 18;

/// Steps between two refills.
const STEPS: u8 = 3;

/// Blocks of a unit (ITU T.81, B.2.3).
pub(crate) const MAX_BLOCKS: usize = 10;

/// Two for each block of a unit, and what the steps before the next refill may reach.
const MAX_PARTS: usize = 2 * MAX_BLOCKS + STEPS as usize + 1;

const COEFFICIENTS: u32 = 64;

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

    /// The code that begins after the first `skipped` of the `known` bits, if they show all of it, and a step has room
    /// for it.
    fn short_code(&self, known: KnownBits, bits: u64, skipped: u32) -> Option<(u8, u8)> {
        let (used, symbol) = self.lookup[(bits << skipped >> (64 - LOOKUP_BITS)) as usize];
        let end_of_code = skipped + u32::from(used.checked_sub(symbol & 15)?);
        let is_known = used > 0 && end_of_code <= known as u32 && skipped + u32::from(used) <= MAX_STEP_BITS;
        is_known.then_some((used, symbol))
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

/// The tables of a sequential component.
pub(crate) struct BlockCodes {
    /// Of the first number of a block, and of the others.
    tables: [Table; 2],
    /// By the next [`STEP_BITS`]: what can be skipped at once.
    steps: [Box<Steps>; 2],
}

type Steps = [Step; 1 << STEP_BITS];

/// Some codes and their numbers, of one table.
///
/// Bits 0 to 4: how many bits they take; 0 where the first is too long. Bits 5 to 10: how many coefficients
/// they fill, zeros included. The highest two bits: whether the other table follows, and whether the block ends.
#[derive(Clone, Copy, Default)]
struct Step(u16);

impl BlockCodes {
    pub(crate) fn new(first: Table, others: Table, known: KnownBits) -> Self {
        let steps = [
            Step::all(known, |bits| Step::first(known, &first, &others, bits)),
            Step::all(known, |bits| Step::others(known, &others, bits)),
        ];
        Self { tables: [first, others], steps }
    }
}

impl Step {
    const COEFFICIENT: u16 = 1 << 5;
    const OTHER_TABLE: u16 = 1 << 15;
    const BLOCK_ENDS: u16 = 1 << 14;

    /// The bits that are not known make no difference.
    fn all(known: KnownBits, step: impl Fn(u64) -> Self) -> Box<Steps> {
        let mut steps = Box::new([Self::default(); 1 << STEP_BITS]);
        for (bits, equal) in (0_u64..).zip(steps.chunks_exact_mut(1 << (STEP_BITS - known as u32))) {
            equal.fill(step(bits << (64 - known as u32)));
        }
        steps
    }

    /// The first number of a block, and as many others as are known, without the end of the block.
    fn first(known: KnownBits, first: &Table, others: &Table, bits: u64) -> Self {
        let Some((used, _)) = first.short_code(known, bits, 0) else { return Self(0) };
        let step = Self(u16::from(used) | Self::COEFFICIENT).and_others(known, others, bits);
        Self(step.0 | Self::OTHER_TABLE)
    }

    /// As many others as are known, or the end of the block.
    fn others(known: KnownBits, table: &Table, bits: u64) -> Self {
        let step = Self(0).and_others(known, table, bits);
        match table.short_code(known, bits, step.bits()) {
            Some((used, symbol)) if filled(symbol).is_none() => {
                Self((step.0 + u16::from(used)) | Self::OTHER_TABLE | Self::BLOCK_ENDS)
            }
            _ => step,
        }
    }

    /// And as many others as are known, up to the end of the block.
    fn and_others(mut self, known: KnownBits, table: &Table, bits: u64) -> Self {
        while let Some((used, symbol)) = table.short_code(known, bits, self.bits()) {
            match filled(symbol) {
                Some(filled) if self.coefficients() + u32::from(filled) < COEFFICIENTS => {
                    self.0 += u16::from(used) + u16::from(filled) * Self::COEFFICIENT;
                }
                _ => break,
            }
        }
        self
    }

    #[inline]
    fn bits(self) -> u32 {
        u32::from(self.0 & 31)
    }

    #[inline]
    fn coefficients(self) -> u32 {
        u32::from(self.0 / Self::COEFFICIENT % 64)
    }

    #[inline]
    fn has(self, flag: u16) -> bool {
        self.0 & flag != 0
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

/// Skips `units` of these blocks. Returns how many bytes they take, including those with unread padding bits, or
/// `None` where the data ends, there is no such code, or a block has more than 64 coefficients.
///
/// `data` has no markers. There are at most [`MAX_BLOCKS`].
pub(crate) fn skip_units(data: &[u8], units: u64, blocks: &[&BlockCodes]) -> Option<usize> {
    let parts = 2 * blocks.len();
    let order = array::from_fn(|part| {
        let part = part % parts;
        &*blocks[part / 2].steps[part % 2]
    });
    let left = units * parts as u64;
    let mut walk = Walk { bits: Bits::new(data), blocks, order, part: 0, filled: 0, left };
    while walk.left > 0 {
        walk.skip_some();
        if walk.left > 0 {
            walk.skip_one()?;
        }
    }
    Some(walk.bits.used())
}

/// A position in a scan.
struct Walk<'a> {
    bits: Bits<'a>,
    blocks: &'a [&'a BlockCodes],
    /// The steps of each part. A step ends one part at most, so this many parts are asked for before the first is asked
    /// for again.
    order: [&'a Steps; MAX_PARTS],
    /// Twice the block in its unit; 1 more after the first number.
    part: usize,
    /// Coefficients of the block so far.
    filled: u32,
    /// How many of these parts the scan still has.
    left: u64,
}

impl Walk<'_> {
    /// Skips what can be skipped several codes at a time. The next code, if there is one, can only be skipped by
    /// itself.
    ///
    /// The time is that of the table's answer, which the next question needs: no branch depends on the data but
    /// those out of the loop. Where the first of some steps is too long, the others repeat it.
    fn skip_some(&mut self) {
        let parts = 2 * self.blocks.len();
        while self.left > u64::from(STEPS) {
            self.bits.refill();
            if self.bits.count < u32::from(STEPS) * MAX_STEP_BITS {
                return;
            }
            let (mut buffer, mut used, mut filled, mut most) = (self.bits.buffer, 0, self.filled, 0);
            let (mut steps, mut part) = (self.order[self.part], self.part);
            let mut last = 0;
            for _ in 0..STEPS {
                let step = steps[(buffer >> (64 - STEP_BITS)) as usize];
                last = step.bits();
                buffer <<= last;
                used += last;
                filled += step.coefficients();
                most |= filled;
                filled = select_unpredictable(step.has(Step::BLOCK_ENDS), 0, filled);
                let next = self.order[part + 1];
                steps = select_unpredictable(step.has(Step::OTHER_TABLE), next, steps);
                part += usize::from(step.has(Step::OTHER_TABLE));
            }
            // The last coefficient ends a block without a code, so one code at a time is read there.
            if most >= COEFFICIENTS {
                return;
            }
            self.bits.buffer = buffer;
            self.bits.count -= used;
            self.filled = filled;
            self.left -= (part - self.part) as u64;
            part -= select_unpredictable(part >= parts, parts, 0);
            self.part = part - select_unpredictable(part >= parts, parts, 0);
            if last == 0 {
                return;
            }
        }
    }

    /// Skips a code and its number.
    fn skip_one(&mut self) -> Option<()> {
        let table = &self.blocks[self.part / 2].tables[self.part % 2];
        let symbol = self.bits.skip(table)?;
        let is_first = self.part.is_multiple_of(2);
        let filled = if is_first { Some(1) } else { filled(symbol) };
        self.filled += u32::from(filled.unwrap_or(0));
        if self.filled > COEFFICIENTS {
            return None;
        }
        if is_first || filled.is_none() || self.filled == COEFFICIENTS {
            self.filled = u32::from(is_first);
            self.part = (self.part + 1) % (2 * self.blocks.len());
            self.left -= 1;
        }
        Some(())
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

    /// Has at least 56 bits afterwards, unless the data ends.
    #[inline]
    fn refill(&mut self) {
        if let Some(word) = read::be64(self.bytes, self.at).filter(|word| !has_ones(*word)) {
            // Also those bits of the last byte that do not count yet: they come once more.
            self.buffer |= word >> self.count;
            self.at += (63 - self.count) as usize / 8;
            // Up to 56 … 63, by whole bytes.
            self.count |= 0b11_1000;
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

/// Whether one of the eight bytes is 0xFF.
#[inline]
fn has_ones(word: u64) -> bool {
    const LOWEST: u64 = u64::MAX / 0xff;
    (!word).wrapping_sub(LOWEST) & word & (LOWEST << 7) != 0
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

    /// Skips `units` of one block with [`table`] as both tables: 00 ends a block, 01 has a number of 3 bits, and the
    /// long code is 16 zeros.
    fn skip(text: &str, units: u64) -> Option<usize> {
        let bytes: Vec<u8> = text.as_bytes().chunks(8).map(bits_of).collect();
        skip_units(&bytes, units, &[&BlockCodes::new(table(), table(), KnownBits::Kept)])
    }

    #[test]
    fn a_block_is_skipped_to_its_end() {
        // The first number, three others, and the end; then the next block.
        let block = "01111".repeat(4) + "00";
        assert_eq!(skip(&(block.clone() + "000000000000"), 1), Some(3));
        assert_eq!(skip(&block.repeat(40), 40), Some(22 * 5));
        assert_eq!(skip(&block.repeat(40), 41), None);
    }

    #[test]
    fn a_full_block_has_no_end_and_what_follows_is_of_the_next() {
        // 64 numbers of five bits are 40 bytes; then a block with nothing else than its first number, and its end.
        let text = "01111".repeat(64) + "0000";
        assert_eq!(skip(&text, 1), Some(40));
        assert_eq!(skip(&text, 2), Some(41));
    }

    #[test]
    fn a_block_of_more_than_64_coefficients_is_refused() {
        let text = "01111".repeat(63) + "101000000000" + "0111";
        assert_eq!(skip(&text, 1), None);
    }

    /// One code after the other, as [`skip_units`] does it for several at a time.
    fn skip_units_by_code(bytes: &[u8], units: u64, blocks: &[&BlockCodes]) -> Option<usize> {
        let mut bits = Bits::new(bytes);
        for _ in 0..units {
            for BlockCodes { tables: [first, others], .. } in blocks {
                bits.skip(first)?;
                let mut coefficients = 1;
                while coefficients < COEFFICIENTS {
                    match filled(bits.skip(others)?) {
                        None => break,
                        Some(filled) => coefficients += u32::from(filled),
                    }
                }
                if coefficients > COEFFICIENTS {
                    return None;
                }
            }
        }
        Some(bits.used())
    }

    #[test]
    fn several_codes_at_a_time_end_where_one_after_the_other_does() {
        let mut random = 1_u32;
        let mut byte = || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            random.to_be_bytes()[0]
        };
        // As a standard table, and as one that only this picture has.
        let codes = [(0, KnownBits::Kept), (1, KnownBits::Kept), (0, KnownBits::Once), (1, KnownBits::Once)]
            .map(|(slot, known)| {
                let table = |segment: &[u8]| {
                    let counts: [u8; 16] = segment[1..17].try_into().unwrap();
                    Table::new(&counts, &segment[17..]).unwrap()
                };
                BlockCodes::new(table(standard::DC[slot]), table(standard::AC[slot]), known)
            });
        let units = [[0, 0, 0, 0, 1, 1].as_slice(), &[2, 3, 3], &[0], &[3], &[0, 0, 0, 0, 1, 1, 2, 2, 0, 0]];
        let (mut ended, mut refused) = (0, 0);
        for round in 0..20_000 {
            // A zero after each 0xFF, as in a file.
            let stuffed = |byte: u8| [byte, 0].into_iter().take(1 + usize::from(byte == 0xff));
            let bytes: Vec<u8> = (0..round % 197).flat_map(|_| stuffed(byte())).collect();
            let blocks: Vec<&BlockCodes> = units[round % 5].iter().map(|slot| &codes[*slot]).collect();
            for count in 1.. {
                let used = skip_units(&bytes, count, &blocks);
                assert_eq!(used, skip_units_by_code(&bytes, count, &blocks), "{count} of {bytes:?}");
                if used.is_none() {
                    refused += 1;
                    break;
                }
                ended += 1;
            }
        }
        assert!(ended > 10_000 && refused > 10_000, "{ended}, {refused}");
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

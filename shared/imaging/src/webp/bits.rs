//! Bits and prefix codes of lossless WebP (RFC 9649, 3.2 and 3.7.2), as far as counting needs them.

/// The order in which lengths of the code for lengths are stored.
const ORDER: [usize; 19] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Reads bits from the lowest of each byte on.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    /// At the first bit.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, at most 32, the first of them the lowest. `None` past the end.
    pub(crate) fn read(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for bit in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value |= u32::from(byte >> (self.at % 8) & 1) << bit;
            self.at += 1;
        }
        Some(value)
    }
}

/// A canonical prefix code.
pub(crate) struct Code {
    /// Symbols of each length from 1 to 15.
    counts: [u32; 16],
    /// All symbols, by length and then by value.
    symbols: Vec<u32>,
}

impl Code {
    /// Reads the code of an alphabet. `None` where it is not valid.
    pub(crate) fn read(bits: &mut Bits, alphabet: usize) -> Option<Self> {
        if bits.read(1)? == 0 {
            return Self::from_lengths(&read_lengths(bits, alphabet)?);
        }
        let two_symbols = bits.read(1)? == 1;
        let first_bits = if bits.read(1)? == 1 { 8 } else { 1 };
        let mut counts = [0; 16];
        let mut symbols = vec![bits.read(first_bits)?];
        if two_symbols {
            symbols.push(bits.read(8)?);
            counts[1] = 2;
        }
        Some(Self { counts, symbols })
    }

    /// Whether the code has one symbol, which takes no bits.
    pub(crate) fn is_constant(&self) -> bool {
        self.symbols.len() == 1
    }

    /// The next symbol.
    pub(crate) fn decode(&self, bits: &mut Bits) -> Option<u32> {
        if self.is_constant() {
            return self.symbols.first().copied();
        }
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in self.counts.iter().skip(1) {
            code |= bits.read(1)?;
            if code < first + count {
                return self.symbols.get((index + code - first) as usize).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }

    fn from_lengths(lengths: &[u32]) -> Option<Self> {
        let mut counts = [0; 16];
        let mut symbols: Vec<u32> = Vec::new();
        for length in 1..16u32 {
            let before = symbols.len();
            symbols
                .extend((0..).zip(lengths).filter(|(_, other)| **other == length).map(|(symbol, _)| symbol));
            counts[length as usize] = u32::try_from(symbols.len() - before).ok()?;
        }
        // A code must be complete, unless it has a single symbol.
        let space: u32 = (1..16).map(|length| counts[length] << (15 - length)).sum();
        (symbols.len() == 1 || space == 1 << 15).then_some(Self { counts, symbols })
    }
}

fn read_lengths(bits: &mut Bits, alphabet: usize) -> Option<Vec<u32>> {
    let mut own = [0; 19];
    let stored = bits.read(4)? as usize + 4;
    for index in ORDER.iter().take(stored) {
        own[*index] = bits.read(3)?;
    }
    let code = Code::from_lengths(&own)?;
    let mut left = alphabet;
    if bits.read(1)? == 1 {
        let count = 2 + 2 * bits.read(3)?;
        left = 2 + bits.read(count)? as usize;
    }
    let mut lengths = Vec::with_capacity(alphabet);
    let mut previous = 8;
    while lengths.len() < alphabet && left > 0 {
        left -= 1;
        let (length, times) = match code.decode(bits)? {
            16 => (previous, 3 + bits.read(2)?),
            17 => (0, 3 + bits.read(3)?),
            18 => (0, 11 + bits.read(7)?),
            length => (length, 1),
        };
        if length != 0 {
            previous = length;
        }
        lengths.resize(lengths.len() + times as usize, length);
    }
    (lengths.len() <= alphabet).then_some(lengths)
}

//! Counts the blocks of sequential scans (ITU T.81, F.2.2), so that every scan is whole and ends where its picture does.
//!
//! The decoder fills up a scan that ends early, and does not look at what follows its last block.

use domain::ImageError;

use super::{
    colour::{Component, Frame},
    huffman::{Bits, Table},
};
use crate::read::OrUndecodable;

const TRUNCATED: &str = "the JPEG's pixels are damaged or truncated";

/// Tables and restart interval as they stand before a scan.
#[derive(Default)]
pub(crate) struct State {
    dc: [Option<Table>; 4],
    ac: [Option<Table>; 4],
    restart_interval: u64,
}

/// The units of a scan, and the tables of each block of a unit, for its first and its other numbers.
struct Layout<'a> {
    units: u64,
    blocks: Vec<(&'a Table, &'a Table)>,
}

impl State {
    /// Takes the tables of a `DHT` segment (B.2.4.2).
    pub(crate) fn define_tables(&mut self, mut data: &[u8]) -> Result<(), ImageError> {
        while let Some((place, rest)) = data.split_first() {
            let (counts, rest) =
                rest.split_first_chunk::<16>().or_undecodable("the JPEG's tables are damaged")?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) =
                rest.split_at_checked(total).or_undecodable("the JPEG's tables are damaged")?;
            let table = Table::new(counts, symbols).or_undecodable("the JPEG's tables are damaged")?;
            let tables = if place >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *tables.get_mut(usize::from(place & 15)).or_undecodable("the JPEG's tables are damaged")? =
                Some(table);
            data = rest;
        }
        Ok(())
    }

    /// Takes the interval of a `DRI` segment (B.2.4.4).
    pub(crate) fn restart_every(&mut self, units: u16) {
        self.restart_interval = u64::from(units);
    }

    /// Writes the data of a scan without what follows the last block of each restart interval.
    ///
    /// `header` is the scan's segment, `data` all up to the next marker that is not a restart.
    pub(crate) fn copy_scan(
        &self,
        frame: &Frame,
        header: &[u8],
        data: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ImageError> {
        let Layout { units, blocks } = self.layout(frame, header)?;
        let mut left = units;
        let mut intervals = Intervals { rest: Some(data) };
        while left > 0 {
            let (interval, restart) = intervals.next().or_undecodable(TRUNCATED)?;
            let here = if self.restart_interval == 0 { left } else { left.min(self.restart_interval) };
            let used = read_units(interval, here, &blocks).or_undecodable(TRUNCATED)?;
            left -= here;
            out.extend_from_slice(&interval[..used]);
            if let Some(restart) = restart.filter(|_| left > 0) {
                out.extend([0xff, restart]);
            }
        }
        Ok(())
    }

    /// How the scan is laid out (A.2).
    fn layout(&self, frame: &Frame, header: &[u8]) -> Result<Layout<'_>, ImageError> {
        const DAMAGED: &str = "the JPEG's scan header is damaged";
        let count = usize::from(*header.first().or_undecodable(DAMAGED)?);
        let specs = header.get(1..1 + 2 * count).or_undecodable(DAMAGED)?;
        let mut blocks = Vec::new();
        let mut units = 0;
        for spec in specs.chunks_exact(2) {
            let component = frame.components.iter().find(|c| c.id == spec[0]).or_undecodable(DAMAGED)?;
            let (dc, ac) = (usize::from(spec[1] >> 4), usize::from(spec[1] & 15));
            let dc = self.dc.get(dc).and_then(Option::as_ref).or_undecodable("the JPEG lacks a table")?;
            let ac = self.ac.get(ac).and_then(Option::as_ref).or_undecodable("the JPEG lacks a table")?;
            let in_unit = if count == 1 { 1 } else { component.horizontal * component.vertical };
            blocks.extend((0..in_unit).map(|_| (dc, ac)));
            units = if count == 1 { own_blocks(frame, *component) } else { interleaved_units(frame) };
        }
        (units > 0).then_some(Layout { units, blocks }).or_undecodable(DAMAGED)
    }
}

/// The blocks of a component that has a scan for itself.
fn own_blocks(frame: &Frame, component: Component) -> u64 {
    let (horizontal, vertical) = frame.max_sampling();
    let side = |pixels: u16, own: u8, most: u8| {
        (u64::from(pixels) * u64::from(own)).div_ceil(u64::from(most)).div_ceil(8)
    };
    side(frame.width, component.horizontal, horizontal) * side(frame.height, component.vertical, vertical)
}

/// The units of a scan of several components.
fn interleaved_units(frame: &Frame) -> u64 {
    let (horizontal, vertical) = frame.max_sampling();
    u64::from(frame.width).div_ceil(8 * u64::from(horizontal))
        * u64::from(frame.height).div_ceil(8 * u64::from(vertical))
}

/// Reads units of blocks. Returns how many bytes they take.
fn read_units(data: &[u8], units: u64, blocks: &[(&Table, &Table)]) -> Option<usize> {
    let mut bits = Bits::new(data);
    for _ in 0..units {
        for (dc, ac) in blocks {
            bits.skip(dc)?;
            let mut place = 1;
            while place < 64 {
                let symbol = bits.skip(ac)?;
                match (symbol >> 4, symbol & 15) {
                    (15, 0) => place += 16,
                    (_, 0) => break,
                    (run, _) => place += run + 1,
                }
            }
            if place > 64 {
                return None;
            }
        }
    }
    Some(bits.used())
}

/// The data between restart markers, each with the marker that follows it.
struct Intervals<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Iterator for Intervals<'a> {
    type Item = (&'a [u8], Option<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.rest.take()?;
        let restart =
            memchr::memchr_iter(0xff, rest).find(|at| rest.get(at + 1).is_some_and(|code| *code != 0));
        let Some(at) = restart else { return Some((rest, None)) };
        self.rest = rest.get(at + 2..);
        Some((&rest[..at], Some(rest[at + 1])))
    }
}

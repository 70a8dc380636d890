//! Counts the blocks of sequential scans (ITU T.81, F.2.2), so that every scan is complete and ends with its
//! last block.
//!
//! The decoder fills up a scan that ends early, and ignores what follows its last block.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use domain::ImageError;

use super::{
    colour::{Component, Frame},
    huffman::{BlockCodes, MAX_BLOCKS, skip_units},
    scan::{Part, Scan},
    tables::Tables,
};
use crate::read::OrUndecodable;

const TRUNCATED: &str = "the JPEG's pixels are damaged or truncated";

/// Removes what follows the last block of each restart interval from the data of a scan, which begins at `start` and
/// ends with `out`.
///
/// The data is everything up to the next marker that is not a restart.
pub(crate) fn trim_scan(
    tables: &Tables,
    frame: &Frame,
    scan: &Scan,
    start: usize,
    out: &mut Vec<u8>,
) -> Result<(), ImageError> {
    let codes = codes(tables, scan)?;
    let (mut left, blocks) = layout(frame, scan, &codes).or_undecodable("the JPEG's units are too large")?;
    let (mut from, mut kept) = (start, start);
    let mut expected = (0xd0..=0xd7).cycle();
    while left > 0 {
        let interval = out.get(from..).or_undecodable(TRUNCATED)?;
        let end = end_of_interval(interval);
        let here = if tables.restart_interval() == 0 { left } else { left.min(tables.restart_interval()) };
        let used = skip_units(&interval[..end], here, &blocks).or_undecodable(TRUNCATED)?;
        let restart = interval.get(end + 1).copied();
        left -= here;
        if kept < from {
            out.copy_within(from..from + used, kept);
        }
        kept += used;
        from += end + 2;
        if left > 0 {
            // Decoders treat another number as a sign of lost data, and each recovers in its own way.
            let restart =
                restart.filter(|restart| Some(*restart) == expected.next()).or_undecodable(TRUNCATED)?;
            out[kept..kept + 2].copy_from_slice(&[0xff, restart]);
            kept += 2;
        }
    }
    out.truncate(kept);
    Ok(())
}

/// The codes of the scan's components, by their slots.
fn codes(tables: &Tables, scan: &Scan) -> Result<BTreeMap<(u8, u8), Arc<BlockCodes>>, ImageError> {
    let slots: BTreeSet<_> = scan.parts.iter().map(|part| (part.dc, part.ac)).collect();
    slots.into_iter().map(|(dc, ac)| Ok(((dc, ac), tables.codes(dc, ac)?))).collect()
}

/// How a scan is laid out (A.2): its units, and the codes of each block of a unit. `None` where there are more blocks
/// than a unit may have.
fn layout<'a>(
    frame: &Frame,
    scan: &Scan,
    codes: &'a BTreeMap<(u8, u8), Arc<BlockCodes>>,
) -> Option<(u64, Vec<&'a BlockCodes>)> {
    let of = |part: &Part| &*codes[&(part.dc, part.ac)];
    if let [part] = scan.parts.as_slice() {
        return Some((own_blocks(frame, part.component), vec![of(part)]));
    }
    let blocks = scan.parts.iter().flat_map(|part| {
        let in_unit = part.component.horizontal * part.component.vertical;
        (0..in_unit).map(move |_| of(part))
    });
    let blocks: Vec<_> = blocks.collect();
    (blocks.len() <= MAX_BLOCKS).then(|| (interleaved_units(frame), blocks))
}

/// The number of blocks of a component in a scan of its own.
fn own_blocks(frame: &Frame, component: Component) -> u64 {
    let (horizontal, vertical) = frame.max_sampling();
    let side = |pixels: u16, own: u8, most: u8| {
        (u64::from(pixels) * u64::from(own)).div_ceil(u64::from(most)).div_ceil(8)
    };
    side(frame.width, component.horizontal, horizontal) * side(frame.height, component.vertical, vertical)
}

/// The number of units in a scan of several components.
fn interleaved_units(frame: &Frame) -> u64 {
    let (horizontal, vertical) = frame.max_sampling();
    u64::from(frame.width).div_ceil(8 * u64::from(horizontal))
        * u64::from(frame.height).div_ceil(8 * u64::from(vertical))
}

/// Where the first restart marker is, or else the end.
fn end_of_interval(data: &[u8]) -> usize {
    memchr::memchr_iter(0xff, data)
        .find(|at| data.get(at + 1).is_some_and(|code| *code != 0))
        .unwrap_or(data.len())
}

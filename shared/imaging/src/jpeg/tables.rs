//! Tables and restart intervals (ITU T.81, B.2.4): only what a scan uses is written, just before that scan.
//!
//! A definition fills its slot until the next one, and no scan needs to use it: unused definitions could hide
//! any data.

use std::{
    array,
    sync::{Arc, LazyLock},
};

use domain::ImageError;

use super::{
    colour::{Component, Frame},
    huffman::{BlockCodes, KnownBits, Table},
    prologue::write_segment,
    scan::{Codes, Scan},
    segments::{DHT, DQT, DRI},
    standard,
};
use crate::read::OrUndecodable;

const DAMAGED: &str = "the JPEG's tables are damaged";
const MISSING: &str = "the JPEG lacks a table";

/// The defined tables, and which of them are written.
pub(crate) struct Tables<'a> {
    quantisation: [Slot<'a>; 4],
    dc: [Slot<'a>; 4],
    ac: [Slot<'a>; 4],
    restart_interval: u16,
    written_interval: u16,
}

/// Two definitions of the same table, each from the byte that names its slot on.
#[derive(Clone, Copy, Default)]
struct Slot<'a> {
    latest: Option<&'a [u8]>,
    /// The one already written to the output.
    written: Option<&'a [u8]>,
}

impl<'a> Tables<'a> {
    /// Of `frame`. A sequential one without tables uses those of the standard (K.3), as in Motion JPEG.
    pub(crate) fn new(frame: &Frame) -> Self {
        let standard = |[luma, chroma]: [&'a [u8]; 2]| {
            let mut slots = [Slot::default(); 4];
            if !frame.is_progressive() {
                slots[..2].copy_from_slice(&[Slot::defined(luma), Slot::defined(chroma)]);
            }
            slots
        };
        Self {
            quantisation: [Slot::default(); 4],
            dc: standard(standard::DC),
            ac: standard(standard::AC),
            restart_interval: 0,
            written_interval: 0,
        }
    }

    /// Takes the tables of a `DQT` segment (B.2.4.1): precision and slot, then 64 numbers of one or two
    /// bytes.
    pub(crate) fn define_quantisation(&mut self, mut data: &'a [u8]) -> Result<(), ImageError> {
        while let Some(selector) = data.first() {
            let length = match selector >> 4 {
                0 => 1 + 64,
                1 => 1 + 128,
                _ => return Err(ImageError::Undecodable(DAMAGED)),
            };
            data = define(&mut self.quantisation, selector & 15, data, length)?;
        }
        Ok(())
    }

    /// Takes the tables of a `DHT` segment (B.2.4.2): class and slot, then the counts of codes of 16 lengths,
    /// then their symbols.
    pub(crate) fn define_huffman(&mut self, mut data: &'a [u8]) -> Result<(), ImageError> {
        while let Some(selector) = data.first() {
            let counts = data.get(1..17).or_undecodable(DAMAGED)?;
            let length = 17 + counts.iter().map(|count| usize::from(*count)).sum::<usize>();
            let slots = match selector >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(ImageError::Undecodable(DAMAGED)),
            };
            data = define(slots, selector & 15, data, length)?;
        }
        Ok(())
    }

    /// Takes the interval of a `DRI` segment (B.2.4.4).
    pub(crate) fn define_restart_interval(&mut self, data: &[u8]) -> Result<(), ImageError> {
        let interval = data.try_into().or_undecodable("the JPEG's restart interval is damaged")?;
        self.restart_interval = u16::from_be_bytes(interval);
        Ok(())
    }

    /// Writes the tables that a scan uses and the output does not have yet. `quantised` are the components
    /// whose quantisation tables apply from this scan on.
    pub(crate) fn write_for(
        &mut self,
        scan: &Scan,
        quantised: &[Component],
        out: &mut Vec<u8>,
    ) -> Result<(), ImageError> {
        for component in quantised {
            slot(&mut self.quantisation, component.quantisation)?.write(DQT, out);
        }
        for part in &scan.parts {
            if matches!(scan.codes, Codes::DcAndAc | Codes::Dc) {
                slot(&mut self.dc, part.dc)?.write(DHT, out);
            }
            if matches!(scan.codes, Codes::DcAndAc | Codes::Ac) {
                slot(&mut self.ac, part.ac)?.write(DHT, out);
            }
        }
        if self.restart_interval != self.written_interval {
            write_segment(DRI, &[&self.restart_interval.to_be_bytes()], out);
            self.written_interval = self.restart_interval;
        }
        Ok(())
    }

    /// Units between two restarts; 0 where there are none.
    pub(crate) fn restart_interval(&self) -> u64 {
        u64::from(self.restart_interval)
    }

    /// The codes of a sequential component. Those of the standard, which most encoders use, are made once.
    pub(crate) fn codes(&self, dc: u8, ac: u8) -> Result<Arc<BlockCodes>, ImageError> {
        let (dc, ac) = (definition(&self.dc, dc)?, definition(&self.ac, ac)?);
        let standard = (0..2).find(|slot| dc == &standard::DC[*slot][1..] && ac == &standard::AC[*slot][1..]);
        if let Some(slot) = standard {
            return Ok(STANDARD[slot].clone());
        }
        Ok(Arc::new(BlockCodes::new(huffman(dc)?, huffman(ac)?, KnownBits::Once)))
    }
}

impl<'a> Slot<'a> {
    fn defined(definition: &'a [u8]) -> Self {
        Self { latest: Some(definition), written: None }
    }

    fn write(&mut self, marker: u8, out: &mut Vec<u8>) {
        if self.latest != self.written {
            write_segment(marker, &[self.latest.unwrap_or_default()], out);
            self.written = self.latest;
        }
    }
}

/// Fills a slot with the first `length` bytes of `data`. Returns the rest.
fn define<'a>(
    slots: &mut [Slot<'a>; 4],
    index: u8,
    data: &'a [u8],
    length: usize,
) -> Result<&'a [u8], ImageError> {
    let (definition, rest) = data.split_at_checked(length).or_undecodable(DAMAGED)?;
    slot(slots, index)?.latest = Some(definition);
    Ok(rest)
}

fn slot<'s, 'a>(slots: &'s mut [Slot<'a>; 4], index: u8) -> Result<&'s mut Slot<'a>, ImageError> {
    slots.get_mut(usize::from(index)).or_undecodable(DAMAGED)
}

/// The counts and symbols of the latest definition.
fn definition<'a>(slots: &[Slot<'a>; 4], index: u8) -> Result<&'a [u8], ImageError> {
    let definition = slots.get(usize::from(index)).and_then(|slot| slot.latest).or_undecodable(MISSING)?;
    Ok(&definition[1..])
}

fn huffman(definition: &[u8]) -> Result<Table, ImageError> {
    let (counts, symbols) = definition.split_first_chunk().or_undecodable(DAMAGED)?;
    Table::new(counts, symbols).or_undecodable(DAMAGED)
}

/// The codes of the standard's tables, for luma and for chroma.
static STANDARD: LazyLock<[Arc<BlockCodes>; 2]> = LazyLock::new(|| {
    array::from_fn(|slot| {
        let table =
            |segment: &[u8]| huffman(&segment[1..]).expect("the standard's tables have no such damage");
        Arc::new(BlockCodes::new(table(standard::DC[slot]), table(standard::AC[slot]), KnownBits::Kept))
    })
});

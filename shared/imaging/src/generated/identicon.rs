//! Five by five squares, mirrored, in one colour on a light ground.

use super::{Seed, palette, part};
use crate::square::{Size, Square};

const GROUND: [u8; 4] = [240, 240, 240, u8::MAX];

/// The columns of the left half, including the middle one.
const COLUMNS: u32 = 3;
const ROWS: u32 = 5;

/// Patterns of fewer squares are inverted: they are hardly patterns.
const LEAST: u32 = 4;

pub(crate) fn draw(seed: &Seed, size: Size) -> Square {
    let [high, low, hue_high, hue_low, saturation, lightness, ..] = *seed;
    let colour = palette::hsl(
        palette::hue(hue_high, hue_low),
        45 + u32::from(saturation % 21),
        45 + u32::from(lightness % 16),
    );
    let all = (1 << (COLUMNS * ROWS)) - 1;
    let bits = u32::from(u16::from_be_bytes([high, low])) & all;
    let pattern = if bits.count_ones() < LEAST { bits ^ all } else { bits };
    Square::draw(size, |x, y| if is_filled(pattern, x, y, size) { colour } else { GROUND })
}

/// The squares are two parts wide, between margins of one part.
fn is_filled(pattern: u32, x: u32, y: u32, size: Size) -> bool {
    let square = |pixel: u32| part(pixel, size, 2 * ROWS + 2).checked_sub(1).map(|part| part / 2);
    match (square(x), square(y)) {
        (Some(column @ 0..ROWS), Some(row @ 0..ROWS)) => {
            let column = column.min(ROWS - 1 - column);
            pattern >> (row * COLUMNS + column) & 1 == 1
        }
        _ => false,
    }
}

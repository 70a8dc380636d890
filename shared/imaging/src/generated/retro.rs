//! A creature of eight by eight large pixels, mirrored, on a dark ground.

use super::{Seed, palette, part};
use crate::square::{Size, Square};

const GROUND: [u8; 4] = [24, 24, 32, u8::MAX];
const EYE: [u8; 4] = [250, 250, 250, u8::MAX];

const SIDE: u32 = 8;

/// The left half: `#` is body, `e` an eye, `?` body or ground as the seed says, `.` ground.
const SHAPE: [&[u8; 4]; 8] = [b"??..", b".???", b".?##", b"?##?", b"?#e#", b"?###", b".?#?", b"??.?"];

pub(crate) fn draw(seed: &Seed, size: Size) -> Square {
    let [h0, h1, accent, s0, s1, s2, s3, c0, c1, c2, c3, ..] = *seed;
    let hue = palette::hue(h0, h1);
    let colours = [palette::hsl(hue, 75, 60), palette::hsl(hue + 40 + u32::from(accent) % 280, 75, 65)];
    let shape = u32::from_be_bytes([s0, s1, s2, s3]);
    let colouring = u32::from_be_bytes([c0, c1, c2, c3]);
    Square::draw(size, |x, y| {
        // Between margins of one part.
        let cell = |pixel: u32| part(pixel, size, SIDE + 2).checked_sub(1).filter(|cell| *cell < SIDE);
        let (Some(column), Some(row)) = (cell(x), cell(y)) else { return GROUND };
        let column = column.min(SIDE - 1 - column);
        let bit = row * SIDE / 2 + column;
        let body = colours[(colouring >> bit & 1) as usize];
        match SHAPE[row as usize][column as usize] {
            b'e' => EYE,
            b'#' => body,
            b'?' if shape >> bit & 1 == 1 => body,
            _ => GROUND,
        }
    })
}

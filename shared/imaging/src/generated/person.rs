//! Head and shoulders, grey on grey, with smooth edges.

use crate::square::{Size, Square};

const GROUND: u32 = 208;
const FIGURE: u32 = 250;

/// Sample points along each side of a pixel.
const POINTS: u32 = 4;

/// Ellipses: the centre and the radii, in hundredths of the side.
const HEAD: [i64; 4] = [50, 38, 18, 20];
const SHOULDERS: [i64; 4] = [50, 100, 36, 35];

pub(crate) fn draw(size: Size) -> Square {
    Square::draw(size, |x, y| {
        let inside =
            points(x).flat_map(|x| points(y).map(move |y| (x, y))).filter(|at| is_figure(*at, size)).count();
        let inside = u32::try_from(inside).expect("a few points");
        let all = POINTS * POINTS;
        let grey = (FIGURE * inside + GROUND * (all - inside) + all / 2) / all;
        let grey = u8::try_from(grey).expect("a mean of bytes");
        [grey, grey, grey, u8::MAX]
    })
}

/// The sample points of a pixel along a side, in units of 1/(2 * `POINTS`) pixel.
fn points(pixel: u32) -> impl Iterator<Item = i64> {
    (0..POINTS).map(move |point| i64::from(2 * (pixel * POINTS + point) + 1))
}

fn is_figure((x, y): (i64, i64), size: Size) -> bool {
    let whole = i64::from(size.pixels() * 2 * POINTS);
    [HEAD, SHOULDERS].iter().any(|[centre_x, centre_y, radius_x, radius_y]| {
        let across = (x * 100 - centre_x * whole) * radius_y;
        let down = (y * 100 - centre_y * whole) * radius_x;
        let radius = radius_x * radius_y * whole;
        across * across + down * down <= radius * radius
    })
}

//! Draws `docs/avatars.png`: what Roster shows for users without an avatar, and how it crops pictures.
//!
//! `cargo run --release -p roster-imaging --example contact_sheet -- samples docs/avatars.png`

use std::{fs, path::Path};

use image::{Rgba, RgbaImage, imageops};
use imaging::{Generated, Initials, Size, Square};

const TILE: u32 = 80;
const GAP: u32 = 8;
const COLUMNS: u32 = 7;
const SHEET: Rgba<u8> = Rgba([255, 255, 255, 255]);
/// The background of transparent pictures.
const CHEQUERS: [Rgba<u8>; 2] = [Rgba([225, 225, 225, 255]), Rgba([250, 250, 250, 255])];

const NAMES: [&str; 7] =
    ["Ada Lovelace", "Grace Hopper", "Élodie d'Arc", "Юрий Гагарин", "Ωρίων Μέλας", "William Wong", "Ida"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(samples), Some(sheet)) = (arguments.next(), arguments.next()) else {
        return Err("usage: contact_sheet SAMPLES SHEET".into());
    };
    let size = Size::new(TILE).ok_or("no such size")?;
    let mut rows = Vec::new();
    for kind in [Generated::Identicon, Generated::Retro] {
        rows.push(NAMES.map(|name| kind.draw(name.as_bytes(), size)).to_vec());
    }
    let initials =
        |name| Initials::of(name).map(|it| Generated::Initials(it).draw(str::as_bytes(name), size));
    rows.push(NAMES.into_iter().filter_map(initials).collect());
    let mut last = [Generated::Person, Generated::Blank].map(|kind| kind.draw(&[], size)).to_vec();
    for name in ["portrait.jpg", "landscape.jpg", "badge.png", "leaf.webp", "sunrise.gif"] {
        let bytes = fs::read(Path::new(&samples).join(name))?;
        last.push(imaging::inspect(bytes.into())?.square(size)?);
    }
    rows.push(last);
    draw(&rows)?.save(sheet)?;
    Ok(())
}

fn draw(rows: &[Vec<Square>]) -> Result<RgbaImage, Box<dyn std::error::Error>> {
    let tiles = |count: u32| count * (TILE + GAP) + GAP;
    let mut sheet = RgbaImage::from_pixel(tiles(COLUMNS), tiles(u32::try_from(rows.len())?), SHEET);
    let mut y = GAP;
    for row in rows {
        let mut x = GAP;
        for square in row {
            let ground = RgbaImage::from_fn(TILE, TILE, |x, y| CHEQUERS[((x / 8 + y / 8) % 2) as usize]);
            imageops::replace(&mut sheet, &ground, i64::from(x), i64::from(y));
            let tile = image::load_from_memory(&square.encode(domain::ImageFormat::Png).bytes)?.to_rgba8();
            imageops::overlay(&mut sheet, &tile, i64::from(x), i64::from(y));
            x += TILE + GAP;
        }
        y += TILE + GAP;
    }
    Ok(sheet)
}

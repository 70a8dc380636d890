//! One or two letters in white, on a colour.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};

use super::{Seed, palette};
use crate::square::{Size, Square};

/// See `fonts/README.md` for its source.
static FONT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("../../fonts/DejaVuSans-Bold-capitals.ttf"))
        .expect("the embedded font is valid")
});

/// Capitals are this high, and both together at most this wide, as a share of the side.
const HEIGHT: f32 = 0.36;
const MAX_WIDTH: f32 = 0.74;

/// A capital letter without serifs or rounding, to measure the height.
const UPRIGHT: char = 'H';

/// The letters of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Initials {
    first: char,
    last: Option<char>,
}

impl Initials {
    /// The first letters of the first and the last word of a name, in capitals: `AL` of `Ada King Lovelace`.
    ///
    /// Words are separated by white space; characters before their first letter or digit are ignored. `None`
    /// where there are no letters, or the font lacks one of them: it has Latin, Greek, Cyrillic, Armenian and
    /// Georgian. Show [`Generated::Person`](super::Generated::Person) then.
    pub fn of(name: &str) -> Option<Self> {
        let mut letters = name.split_whitespace().filter_map(first_letter);
        let first = capital(letters.next()?)?;
        let last = match letters.next_back() {
            Some(letter) => Some(capital(letter)?),
            None => None,
        };
        Some(Self { first, last })
    }

    /// Draws the letters on a colour of the seed's hue.
    pub(crate) fn draw(self, seed: &Seed, size: Size) -> Square {
        let [high, low, ..] = *seed;
        let ground = palette::hsl(palette::hue(high, low), 48, 36);
        let coverage = self.coverage(size);
        let row = size.pixels() as usize;
        Square::draw(size, |x, y| {
            let covered = coverage[y as usize * row + x as usize];
            ground.map(|sample| mixed(sample, covered))
        })
    }

    /// How much of each pixel the letters cover, of 255.
    fn coverage(self, size: Size) -> Vec<u8> {
        let row = size.pixels() as usize;
        let mut coverage = vec![0; size.area()];
        for glyph in self.placed(size) {
            let Some(outline) = FONT.outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|x, y, covered| {
                let (Some(x), Some(y)) = (shifted(corner.x, x, row), shifted(corner.y, y, row)) else {
                    return;
                };
                let before: &mut u8 = &mut coverage[y * row + x];
                *before = before.saturating_add(of_255(covered));
            });
        }
        coverage
    }

    /// The letters, centred, on one baseline.
    fn placed(self, size: Size) -> Vec<Glyph> {
        let pixels = f32::from(u16::try_from(size.pixels()).expect("sizes are small"));
        let text: Vec<_> =
            [Some(self.first), self.last].into_iter().flatten().map(|c| FONT.glyph_id(c)).collect();
        let width: f32 = text.iter().map(|id| FONT.h_advance_unscaled(*id)).sum();
        // Outlines count upwards, so their first corner is the highest.
        let upright = FONT.outline(FONT.glyph_id(UPRIGHT)).expect("every letter of the font has an outline");
        let height = upright.bounds.min.y;
        // The scale of a font is the height from its deepest to its highest point.
        let scale = (HEIGHT * pixels / height).min(MAX_WIDTH * pixels / width) * FONT.height_unscaled();
        let font = FONT.as_scaled(scale);
        let baseline = pixels.midpoint(height * font.v_scale_factor());
        let mut left = (pixels - width * font.h_scale_factor()) / 2.0;
        let place_glyph = |id| {
            let glyph = Glyph { id, scale: scale.into(), position: point(left, baseline) };
            left += font.h_advance(id);
            glyph
        };
        text.into_iter().map(place_glyph).collect()
    }
}

/// The first letter or digit of a word.
fn first_letter(word: &str) -> Option<char> {
    word.chars().find(|letter| letter.is_alphanumeric())
}

/// The letter as a capital, where the font has it; Georgian has no capitals in use.
fn capital(letter: char) -> Option<char> {
    letter.to_uppercase().take(1).chain([letter]).find(|letter| FONT.glyph_id(*letter).0 != 0)
}

/// A coordinate in the square, where it is inside.
#[allow(clippy::cast_possible_truncation, reason = "corners are whole numbers near the square")]
fn shifted(corner: f32, offset: u32, side: usize) -> Option<usize> {
    let at = i64::from(corner as i32) + i64::from(offset);
    usize::try_from(at).ok().filter(|at| *at < side)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
fn of_255(covered: f32) -> u8 {
    (covered.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

/// White over a sample.
fn mixed(sample: u8, covered: u8) -> u8 {
    let (sample, covered) = (u32::from(sample), u32::from(covered));
    u8::try_from((sample * (255 - covered) + 255 * covered + 127) / 255).expect("a mean of bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_come_from_the_first_and_the_last_word() {
        for (name, initials) in [
            ("Ada Lovelace", Some("AL")),
            ("Ada King Lovelace", Some("AL")),
            ("ada", Some("A")),
            ("  élodie  \u{a0}d'Arc ", Some("ÉD")),
            ("(Bob) \"Smith\"", Some("BS")),
            ("ßeta", Some("S")),
            ("Σωκράτης ὁ Ἀθηναῖος", None),
            ("Юрий Гагарин", Some("ЮГ")),
            ("ნინო", Some("ნ")),
            ("4 Non Blondes", Some("4B")),
            ("李白", None),
            ("Ada 李", None),
            ("- …", None),
            ("", None),
        ] {
            let found = Initials::of(name);
            let text =
                found.map(|found| [Some(found.first), found.last].into_iter().flatten().collect::<String>());
            assert_eq!(text.as_deref(), initials, "{name}");
        }
    }

    #[test]
    fn every_letter_of_the_font_stays_inside() {
        for letter in ('0'..='\u{10ff}').filter(|letter| FONT.glyph_id(*letter).0 != 0) {
            for pixels in [1, 7, 80, 512] {
                let size = Size::new(pixels).unwrap();
                for glyph in (Initials { first: letter, last: Some(letter) }).placed(size) {
                    let Some(outline) = FONT.outline_glyph(glyph) else { panic!("{letter} has no outline") };
                    let (bounds, end) = (outline.px_bounds(), f32::from(u16::try_from(pixels).unwrap()));
                    assert!(bounds.min.x >= 0.0 && bounds.max.x <= end, "{letter} at {pixels}: {bounds:?}");
                    assert!(bounds.min.y >= 0.0 && bounds.max.y <= end, "{letter} at {pixels}: {bounds:?}");
                }
            }
        }
    }
}

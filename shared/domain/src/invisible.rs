//! Characters that nothing is drawn for.

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

/// Whether renderers draw nothing for it, even without a glyph: `Default_Ignorable_Code_Point`, such as U+200B or
/// U+3164.
pub(crate) fn is_ignorable(c: char) -> bool {
    !c.is_ascii() && CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// Whether something is drawn for it.
pub(crate) fn is_visible(c: char) -> bool {
    // The blank of Braille is a symbol without dots.
    !c.is_whitespace() && !c.is_control() && c != '\u{2800}' && !is_ignorable(c)
}

//! Display names of users.

use crate::{FieldError, invisible::is_visible};

/// A name of 1 to 200 Unicode scalar values, trimmed, without control characters, with something to see.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Longest name in Unicode scalar values.
    pub const MAX_CHARS: usize = 200;

    /// Checks what a client sent.
    ///
    /// # Errors
    /// [`FieldError`] for a name that is empty, too long, contains a control character or only invisible ones, or
    /// would change the direction of the text around it.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError("must not be empty"));
        }
        if text.chars().any(char::is_control) {
            return Err(FieldError("must not contain control characters"));
        }
        if text.chars().count() > Self::MAX_CHARS {
            return Err(FieldError("must be at most 200 characters"));
        }
        if !text.chars().any(is_visible) {
            return Err(FieldError("must contain at least one visible character"));
        }
        if !is_balanced(text) {
            return Err(FieldError(
                "must end each change of text direction: U+202A, U+202B, U+202D and U+202E by U+202C, \
                 and U+2066 to U+2068 by U+2069",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// A name that [`parse`](Self::parse) accepted before, read back from a store.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// The name, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether every embedding, override and isolate of the text's direction ends in it, in turn (UAX 9, 2): otherwise
/// it would reverse what follows the name, or end what a page began around it.
fn is_balanced(text: &str) -> bool {
    let mut open = Vec::new();
    for c in text.chars() {
        match c {
            '\u{202a}' | '\u{202b}' | '\u{202d}' | '\u{202e}' => open.push('\u{202c}'),
            '\u{2066}'..='\u{2068}' => open.push('\u{2069}'),
            '\u{202c}' | '\u{2069}' if open.pop() != Some(c) => return false,
            _ => {}
        }
    }
    open.is_empty()
}

/// Hides the name: it must not reach a log.
impl std::fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DisplayName(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_counted_in_scalar_values() {
        assert_eq!(DisplayName::parse(" Ada Lovelace ").unwrap().as_str(), "Ada Lovelace");
        assert!(DisplayName::parse(&"é".repeat(200)).is_ok());
        assert!(DisplayName::parse(&"é".repeat(201)).is_err());
    }

    #[test]
    fn empty_names_and_control_characters_are_refused() {
        for text in ["", "  \t", "a\u{0}b", "a\nb", "a\u{7f}", "\u{9b}x"] {
            assert!(DisplayName::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_name_has_something_to_see() {
        for text in [
            "\u{200b}",
            "\u{3164}",
            "\u{200d}\u{feff}",
            "\u{2800}",
            "\u{ad} \u{2060}",
            "\u{202d}\u{202c}",
            "\u{e0041}",
        ] {
            let error = DisplayName::parse(text).unwrap_err();
            assert!(error.to_string().contains("visible"), "{text:?}: {error}");
        }
        for text in ["\u{200b}A", "👩🏽\u{200d}🚀", "نمی\u{200c}دانم", "❤\u{fe0f}", "က", "\u{301}", "٠"]
        {
            assert!(DisplayName::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn a_name_does_not_change_the_direction_of_what_follows() {
        for text in [
            "Ada\u{202e}",
            "\u{202e}Ada",
            "Ada\u{2066}x",
            "a\u{202b}b\u{2069}",
            "a\u{2067}b\u{202c}",
            "a\u{2067}\u{202a}b\u{2069}\u{202c}",
            "a\u{2069}",
            "a\u{202c}b",
        ] {
            let error = DisplayName::parse(text).unwrap_err();
            assert!(error.to_string().contains("direction"), "{text:?}: {error}");
        }
        for text in [
            "a\u{202b}b\u{202c}",
            "\u{2068}שלום\u{2069} Ada",
            "a\u{2066}\u{202d}b\u{202c}\u{2069}",
            "עדה\u{200f}",
            "Ada\u{200e}",
        ] {
            assert!(DisplayName::parse(text).is_ok(), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_name() {
        assert!(!format!("{:?}", DisplayName::parse("Ada").unwrap()).contains("Ada"));
    }
}

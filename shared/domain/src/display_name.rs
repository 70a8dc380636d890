//! Display names of users.

use crate::FieldError;

/// A name of 1 to 200 Unicode scalar values, trimmed, without control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Longest name in Unicode scalar values.
    pub const MAX_CHARS: usize = 200;

    /// Checks what a client sent.
    ///
    /// # Errors
    /// [`FieldError`] for a name that is empty, too long, or contains a control character.
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
    fn debug_hides_the_name() {
        assert!(!format!("{:?}", DisplayName::parse("Ada").unwrap()).contains("Ada"));
    }
}

//! E-mail addresses.

use email_address::{EmailAddress, Options};

use crate::FieldError;

/// An address `local@domain` of at most 254 bytes, trimmed, kept as given.
///
/// It is compared and hashed in lower case: see [`Email::canonical`].
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Longest address in bytes (RFC 5321, 4.5.3.1.3, as corrected by erratum 1690).
    pub const MAX_BYTES: usize = 254;

    /// Checks what a client sent.
    ///
    /// # Errors
    /// [`FieldError`] for an address that is too long or is not `local@domain` by RFC 5322.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FieldError("must not be empty"));
        }
        if text.len() > Self::MAX_BYTES {
            return Err(FieldError("must be at most 254 bytes"));
        }
        let options = Options::default().without_display_text().without_domain_literal();
        let well_formed = EmailAddress::parse_with_options(text, options).is_ok();
        if !well_formed || text.chars().any(char::is_control) {
            return Err(FieldError("must be an e-mail address such as ada@example.org"));
        }
        Ok(Self(text.to_owned()))
    }

    /// An address that [`parse`](Self::parse) accepted before, read back from a store.
    pub fn from_store(text: String) -> Self {
        Self(text)
    }

    /// As given, trimmed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In lower case: the form that is compared and hashed.
    pub fn canonical(&self) -> String {
        self.0.to_lowercase()
    }
}

/// Hides the address: it must not reach a log.
impl std::fmt::Debug for Email {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Email(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_trimmed_and_shown_as_given() {
        let email = Email::parse("  Ada.Lovelace@Example.ORG\n").unwrap();
        assert_eq!(email.as_str(), "Ada.Lovelace@Example.ORG");
        assert_eq!(email.canonical(), "ada.lovelace@example.org");
    }

    #[test]
    fn malformed_addresses_are_refused() {
        let long = format!("{}@{}.example", "a".repeat(64), "b".repeat(60).repeat(4));
        for text in [
            "",
            " ",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "Ada <ada@example.org>",
            "a@[1.2.3.4]",
            "a@b\u{0}c",
            &long,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn debug_hides_the_address() {
        assert!(!format!("{:?}", Email::parse("ada@example.org").unwrap()).contains("ada"));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_accepts_its_own_output(text in "\\PC{0,300}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert!(email.as_str().len() <= Email::MAX_BYTES);
                prop_assert_eq!(Email::parse(email.as_str()).unwrap(), email);
            }
        }

        #[test]
        fn plain_addresses_are_accepted(text in "[a-zA-Z0-9]{1,20}@[a-z]{1,20}\\.[a-z]{2,10}") {
            prop_assert_eq!(Email::parse(&format!(" {text} ")).unwrap().canonical(), text.to_lowercase());
        }
    }
}

//! The older Libravatar hash.

use md5::{Digest as _, Md5 as Hasher};

use crate::Email;

/// MD5 of the e-mail in its [canonical form](Email::canonical), for clients without SHA-256; shown as 32 lower-case
/// hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// The hash of this e-mail.
    pub fn of(email: &Email) -> Self {
        Self::of_form(&email.canonical())
    }

    /// The hash of one form of an e-mail.
    pub(crate) fn of_form(form: &str) -> Self {
        Self(Hasher::digest(form).into())
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The text is not 32 lower-case hex digits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an MD5")]
pub struct NotAnMd5;

impl std::str::FromStr for Md5 {
    type Err = NotAnMd5;

    fn from_str(text: &str) -> Result<Self, NotAnMd5> {
        crate::user_id::read_hex(text).map(Self).ok_or(NotAnMd5)
    }
}

impl std::fmt::Display for Md5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        crate::user_id::write_hex(f, &self.0)
    }
}

impl std::fmt::Debug for Md5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Md5({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_round_trips_and_other_shapes_are_refused() {
        let hash = Md5([0xab; 16]);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        for text in ["", "ab", &"AB".repeat(16), &"ab".repeat(32)] {
            assert_eq!(text.parse::<Md5>(), Err(NotAnMd5), "{text}");
        }
    }

    #[test]
    fn the_hash_is_that_of_gravatar() {
        // printf ada@example.org | md5sum
        let email = Email::parse("Ada@Example.org").unwrap();
        assert_eq!(Md5::of(&email).to_string(), "5bfcf2d8e394674550332640d72db509");
    }
}

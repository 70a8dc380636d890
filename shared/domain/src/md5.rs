//! The older Libravatar hash.

use md5::{Digest as _, Md5 as Hasher};

use crate::Email;

/// MD5 of the trimmed, lower-cased e-mail, for clients that know no SHA-256; shown as 32 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// The hash of this e-mail.
    pub fn of(email: &Email) -> Self {
        Self(Hasher::digest(email.canonical()).into())
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
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
    fn the_hash_is_the_one_of_gravatar() {
        // printf ada@example.org | md5sum
        let email = Email::parse("Ada@Example.org").unwrap();
        assert_eq!(Md5::of(&email).to_string(), "5bfcf2d8e394674550332640d72db509");
    }
}

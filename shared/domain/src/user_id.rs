//! The public id of a user.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

use crate::Email;

/// SHA-256 of the e-mail in its [canonical form](Email::canonical); shown as 64 lower-case hex digits. An id that
/// an earlier release made by other rules stays.
///
/// As guessable as the e-mail behind it: an identifier, never a permission.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId([u8; 32]);

/// The text is not 64 lower-case hex digits.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a user id")]
pub struct NotAUserId;

impl UserId {
    /// The id of the user with this e-mail.
    pub fn of(email: &Email) -> Self {
        Self::of_form(&email.canonical())
    }

    /// The ids that earlier releases may have given this e-mail, without [`of`](Self::of). Almost always empty.
    pub fn former(email: &Email) -> Vec<Self> {
        email.former_forms().iter().map(|form| Self::of_form(form)).collect()
    }

    /// The hash of one form of an e-mail.
    pub(crate) fn of_form(form: &str) -> Self {
        Self(Sha256::digest(form).into())
    }

    /// An id from a store or a cursor.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for UserId {
    type Err = NotAUserId;

    fn from_str(text: &str) -> Result<Self, NotAUserId> {
        read_hex(text).map(Self).ok_or(NotAUserId)
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({self})")
    }
}

/// Decodes lower-case hex into `N` bytes.
pub(crate) fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    (lower && hex::decode_to_slice(text, &mut bytes).is_ok()).then_some(bytes)
}

/// Writes up to 32 bytes as lower-case hex in one call: a listing writes an id for each user, and several
/// calls would cost more.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let mut digits = [0; 64];
    let digits = &mut digits[..bytes.len() * 2];
    hex::encode_to_slice(bytes, digits).expect("two digits a byte");
    f.write_str(std::str::from_utf8(digits).expect("hex digits are ASCII"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_id_is_the_libravatar_hash_of_the_lower_cased_address() {
        // printf ada@example.org | sha256sum
        let expected = "cfe00dde46ef942601ffafb9e2825e802858b460e586b8305b344c1eb826357d";
        let id = UserId::of(&Email::parse(" Ada@Example.org ").unwrap());
        assert_eq!(id.to_string(), expected);
    }

    #[test]
    fn other_shapes_are_refused() {
        let upper = "A".repeat(64);
        for text in ["", "0", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64), &upper] {
            assert_eq!(text.parse::<UserId>(), Err(NotAUserId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_round_trips(bytes: [u8; 32]) {
            let id = UserId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        }
    }
}

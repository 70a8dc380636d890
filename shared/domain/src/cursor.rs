//! Where a listing continues.

use std::str::FromStr;

use crate::UserId;

/// A position in a listing: just after one user.
///
/// Opaque to clients. The text is a version and, in hex, the key of the last user returned: `01` and its id,
/// or `02` and a key that is not a user id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cursor {
    /// After the user with this id.
    User(UserId),
    /// After an item that another program wrote under this key; see [`Cursor::after`].
    Other(String),
}

/// The text is not a cursor of a known version.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

const USER: &str = "01";
const OTHER: &str = "02";

/// Longest key of a store, in bytes (DynamoDB's partition keys).
const MAX_KEY_BYTES: usize = 2048;

impl Cursor {
    /// After the item under `key`.
    pub fn after(key: &str) -> Self {
        key.parse().map_or_else(|_| Self::Other(key.to_owned()), Self::User)
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(id) => write!(f, "{USER}{id}"),
            Self::Other(key) => write!(f, "{OTHER}{}", hex::encode(key)),
        }
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        if let Some(id) = text.strip_prefix(USER) {
            return id.parse().map(Self::User).map_err(|_| NotACursor);
        }
        let digits = text.strip_prefix(OTHER).ok_or(NotACursor)?;
        let lower = !digits.bytes().any(|byte| byte.is_ascii_uppercase());
        if !lower || digits.is_empty() || digits.len() > 2 * MAX_KEY_BYTES {
            return Err(NotACursor);
        }
        let key =
            hex::decode(digits).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(NotACursor)?;
        // A position has exactly one spelling.
        match Self::after(&key) {
            other @ Self::Other(_) => Ok(other),
            Self::User(_) => Err(NotACursor),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_round_trips(bytes: [u8; 32], key in ".{1,80}") {
            for cursor in [Cursor::User(UserId::from_bytes(bytes)), Cursor::after(&key)] {
                prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
            }
        }

        #[test]
        fn parsing_never_panics_and_a_cursor_has_one_spelling(text in "(01|02)?[0-9a-fA-F]{0,70}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn malformed_cursors_are_refused() {
        let id = hex::encode("0".repeat(64));
        let long = hex::encode("k".repeat(MAX_KEY_BYTES + 1));
        for text in [
            "",
            "01",
            "02",
            "02ff",
            "020",
            &format!("03{}", "0".repeat(64)),
            &format!("02{id}"),
            &format!("02{long}"),
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NotACursor), "{text}");
        }
    }
}

//! Listing users page by page.

use std::str::FromStr;

use crate::{AvatarKey, DisplayName, Email, UserId};

/// What a listing shows of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedUser {
    /// What the user is called.
    pub name: DisplayName,
    /// As it was given.
    pub email: Email,
    /// Where the image is kept; it names the user as well.
    pub avatar: AvatarKey,
}

/// Some users in the store's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// At most as many as were asked for.
    pub users: Vec<ListedUser>,
    /// Where to go on, while there may be more.
    pub next: Option<Cursor>,
}

/// A place in a listing: just after one user.
///
/// Opaque to clients. The text is the version `01` and the id of the last user given, in hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The last user given.
    pub after: UserId,
}

/// The text is not a cursor of a version that is known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct NotACursor;

const VERSION: &str = "01";

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{VERSION}{}", self.after)
    }
}

impl FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> Result<Self, NotACursor> {
        let id = text.strip_prefix(VERSION).ok_or(NotACursor)?;
        Ok(Self { after: id.parse().map_err(|_| NotACursor)? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_text(bytes: [u8; 32]) {
            let cursor = Cursor { after: UserId::from_bytes(bytes) };
            prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }

        #[test]
        fn no_text_panics_and_what_is_a_cursor_has_one_spelling(text in "(01)?[0-9a-zA-Z]{0,70}") {
            if let Ok(cursor) = text.parse::<Cursor>() {
                prop_assert_eq!(cursor.to_string(), text);
            }
        }
    }

    #[test]
    fn a_cursor_of_another_version_is_refused() {
        assert_eq!(format!("02{}", "0".repeat(64)).parse::<Cursor>(), Err(NotACursor));
    }
}

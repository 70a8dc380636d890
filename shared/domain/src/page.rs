//! Listing users page by page.

use std::str::FromStr;

use crate::{AvatarKey, UserId};

/// What a listing shows of a user. Name and e-mail were checked when the user was created.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListedUser<'page> {
    /// What the user is called.
    pub name: &'page str,
    /// As it was given.
    pub email: &'page str,
    /// Where the image is kept; it names the user as well.
    pub avatar: AvatarKey,
}

/// Shows neither name nor e-mail: they must not reach a log.
impl std::fmt::Debug for ListedUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ListedUser({})", self.avatar)
    }
}

/// Some users in the store's order.
///
/// Their text stands in one piece: a page is made on one thread and dropped on another, and a string for each name and
/// e-mail would cost more than reading them.
#[derive(Clone, Default)]
pub struct Page {
    text: String,
    entries: Vec<Entry>,
    /// Where to go on, while there may be more.
    pub next: Option<Cursor>,
}

/// Shows no text: it must not reach a log.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({} users, {:?})", self.entries.len(), self.next)
    }
}

/// A user of a page: the name ends where the e-mail begins, and that where the next name begins.
#[derive(Clone)]
struct Entry {
    avatar: AvatarKey,
    name: usize,
    email: usize,
    end: usize,
}

/// About what name and e-mail of a user take, in bytes: a first guess that saves growing.
const TEXT_BYTES: usize = 48;

impl Page {
    /// No users yet, and room for so many.
    pub fn with_capacity(users: usize) -> Self {
        let text = String::with_capacity(users * TEXT_BYTES);
        Self { text, entries: Vec::with_capacity(users), next: None }
    }

    /// Adds a user.
    pub fn push(&mut self, user: ListedUser<'_>) {
        let name = self.text.len();
        self.text.push_str(user.name);
        let email = self.text.len();
        self.text.push_str(user.email);
        self.entries.push(Entry { avatar: user.avatar, name, email, end: self.text.len() });
    }

    /// The users.
    pub fn users(&self) -> impl ExactSizeIterator<Item = ListedUser<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|entry| ListedUser {
            name: &self.text[entry.name..entry.email],
            email: &self.text[entry.email..entry.end],
            avatar: entry.avatar,
        })
    }
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
    use crate::{ImageFormat, UploadId};

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
    fn a_page_gives_the_users_it_was_given() {
        let avatar = |byte| AvatarKey {
            user: UserId::from_bytes([byte; 32]),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        let users = [("Ada", "ada@example.org", avatar(1)), ("Évariste", "é@example.org", avatar(2))]
            .map(|(name, email, avatar)| ListedUser { name, email, avatar });
        let mut page = Page::default();
        for user in users {
            page.push(user);
        }
        assert!(page.users().eq(users));
        assert!(!format!("{users:?}").contains("Ada"));
    }

    #[test]
    fn a_cursor_of_another_version_is_refused() {
        assert_eq!(format!("02{}", "0".repeat(64)).parse::<Cursor>(), Err(NotACursor));
    }
}

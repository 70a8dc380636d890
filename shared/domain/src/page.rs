//! Listing users page by page.

use crate::{AvatarKey, Cursor, UserId};

/// What a listing shows of a user. Name and e-mail were checked when the user was created.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListedUser<'page> {
    /// Display name.
    pub name: &'page str,
    /// As given.
    pub email: &'page str,
    /// The image.
    pub avatar: ListedAvatar<'page>,
}

/// Where the image of a listed user is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListedAvatar<'page> {
    /// In this store; the key includes the user.
    Kept(AvatarKey),
    /// The user has no image.
    Generated(UserId),
    /// Elsewhere: another program wrote the user.
    Elsewhere {
        /// URL of the image.
        url: &'page str,
        /// Key of the user in the store.
        key: &'page str,
    },
}

impl ListedUser<'_> {
    /// The position just after this user.
    pub fn cursor(&self) -> Cursor {
        match self.avatar {
            ListedAvatar::Kept(key) => Cursor::User(key.user),
            ListedAvatar::Generated(user) => Cursor::User(user),
            ListedAvatar::Elsewhere { key, .. } => Cursor::after(key),
        }
    }
}

/// Hides name, e-mail and URL: they must not reach a log.
impl std::fmt::Debug for ListedUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.avatar {
            ListedAvatar::Kept(key) => write!(f, "ListedUser({key})"),
            ListedAvatar::Generated(user) => write!(f, "ListedUser({user})"),
            ListedAvatar::Elsewhere { .. } => f.write_str("ListedUser(…)"),
        }
    }
}

/// Some users in the store's order.
///
/// Their text is one string: a page is made on one thread and dropped on another, and a string for each name
/// and e-mail would cost more than reading them.
#[derive(Clone, Default)]
pub struct Page {
    text: String,
    entries: Vec<Entry>,
    /// Where to continue, while there may be more.
    pub next: Option<Cursor>,
    /// How many users could not be read, and are not in it: items that another program wrote.
    pub left_out: u64,
}

/// Hides the text: it must not reach a log.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({} users, {:?})", self.entries.len(), self.next)
    }
}

/// A user of a page, as offsets into the text: name and e-mail, then, where the image is elsewhere, its URL
/// and the key of the user. Entries follow each other in the text.
#[derive(Clone)]
struct Entry {
    avatar: Location,
    name: usize,
    email: usize,
    url: usize,
    key: usize,
    end: usize,
}

/// Where the image of an entry is.
#[derive(Clone, Copy)]
enum Location {
    Kept(AvatarKey),
    Generated(UserId),
    Elsewhere,
}

/// Estimated bytes of name and e-mail of a user: saves reallocations.
const TEXT_BYTES: usize = 48;

impl Page {
    /// No users yet, with room for `users`.
    pub fn with_capacity(users: usize) -> Self {
        let text = String::with_capacity(users * TEXT_BYTES);
        Self { text, entries: Vec::with_capacity(users), next: None, left_out: 0 }
    }

    /// Adds a user.
    pub fn push(&mut self, user: ListedUser<'_>) {
        let name = self.text.len();
        self.text.push_str(user.name);
        let email = self.text.len();
        self.text.push_str(user.email);
        let url = self.text.len();
        let (avatar, elsewhere, kept_under) = match user.avatar {
            ListedAvatar::Kept(key) => (Location::Kept(key), "", ""),
            ListedAvatar::Generated(user) => (Location::Generated(user), "", ""),
            ListedAvatar::Elsewhere { url, key } => (Location::Elsewhere, url, key),
        };
        self.text.push_str(elsewhere);
        let key = self.text.len();
        self.text.push_str(kept_under);
        self.entries.push(Entry { avatar, name, email, url, key, end: self.text.len() });
    }

    /// The users.
    pub fn users(&self) -> impl ExactSizeIterator<Item = ListedUser<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|entry| ListedUser {
            name: &self.text[entry.name..entry.email],
            email: &self.text[entry.email..entry.url],
            avatar: match entry.avatar {
                Location::Kept(key) => ListedAvatar::Kept(key),
                Location::Generated(user) => ListedAvatar::Generated(user),
                Location::Elsewhere => ListedAvatar::Elsewhere {
                    url: &self.text[entry.url..entry.key],
                    key: &self.text[entry.key..entry.end],
                },
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageFormat, UploadId, UserId};

    #[test]
    fn a_page_returns_the_users_it_was_given() {
        let key = |byte| AvatarKey {
            user: UserId::from_bytes([byte; 32]),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        let users = [
            ("Ada", "ada@example.org", ListedAvatar::Kept(key(1))),
            (
                "Grace",
                "grace@example.org",
                ListedAvatar::Elsewhere { url: "https://example.org/grace.png", key: "7" },
            ),
            ("Émilie", "e@example.org", ListedAvatar::Generated(UserId::from_bytes([3; 32]))),
            ("Évariste", "é@example.org", ListedAvatar::Kept(key(2))),
        ]
        .map(|(name, email, avatar)| ListedUser { name, email, avatar });
        let mut page = Page::default();
        for user in users {
            page.push(user);
        }
        assert!(page.users().eq(users));
        assert_eq!(users[1].cursor(), Cursor::Other("7".to_owned()));
        assert_eq!(users[2].cursor(), Cursor::User(UserId::from_bytes([3; 32])));
        assert_eq!(users[3].cursor(), Cursor::User(UserId::from_bytes([2; 32])));
        let shown = format!("{users:?}");
        assert!(!shown.contains("Ada") && !shown.contains("grace"), "{shown}");
    }
}

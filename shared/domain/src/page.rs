//! Listing users page by page.

use crate::{AvatarKey, Cursor};

/// What a listing shows of a user. Name and e-mail were checked when the user was created.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ListedUser<'page> {
    /// What the user is called.
    pub name: &'page str,
    /// As it was given.
    pub email: &'page str,
    /// The image.
    pub avatar: ListedAvatar<'page>,
}

/// Where a listing finds the image of a user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ListedAvatar<'page> {
    /// This store keeps it; the key names the user as well.
    Kept(AvatarKey),
    /// At this URL, as another program wrote it.
    Elsewhere(&'page str),
}

/// Shows neither name nor e-mail nor URL: they must not reach a log.
impl std::fmt::Debug for ListedUser<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.avatar {
            ListedAvatar::Kept(key) => write!(f, "ListedUser({key})"),
            ListedAvatar::Elsewhere(_) => f.write_str("ListedUser(…)"),
        }
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

/// A user of a page. The text of one follows that of the one before: name, e-mail, and the URL where there is no key.
#[derive(Clone)]
struct Entry {
    key: Option<AvatarKey>,
    name: usize,
    email: usize,
    url: usize,
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
        let url = self.text.len();
        let key = match user.avatar {
            ListedAvatar::Kept(key) => Some(key),
            ListedAvatar::Elsewhere(elsewhere) => {
                self.text.push_str(elsewhere);
                None
            }
        };
        self.entries.push(Entry { key, name, email, url, end: self.text.len() });
    }

    /// The users.
    pub fn users(&self) -> impl ExactSizeIterator<Item = ListedUser<'_>> + DoubleEndedIterator {
        self.entries.iter().map(|entry| ListedUser {
            name: &self.text[entry.name..entry.email],
            email: &self.text[entry.email..entry.url],
            avatar: match entry.key {
                Some(key) => ListedAvatar::Kept(key),
                None => ListedAvatar::Elsewhere(&self.text[entry.url..entry.end]),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ImageFormat, UploadId, UserId};

    #[test]
    fn a_page_gives_the_users_it_was_given() {
        let key = |byte| AvatarKey {
            user: UserId::from_bytes([byte; 32]),
            upload: UploadId::new(),
            format: ImageFormat::Png,
        };
        let users = [
            ("Ada", "ada@example.org", ListedAvatar::Kept(key(1))),
            ("Grace", "grace@example.org", ListedAvatar::Elsewhere("https://example.org/grace.png")),
            ("Évariste", "é@example.org", ListedAvatar::Kept(key(2))),
        ]
        .map(|(name, email, avatar)| ListedUser { name, email, avatar });
        let mut page = Page::default();
        for user in users {
            page.push(user);
        }
        assert!(page.users().eq(users));
        let shown = format!("{users:?}");
        assert!(!shown.contains("Ada") && !shown.contains("grace"), "{shown}");
    }
}

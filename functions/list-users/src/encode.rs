//! Users as the members of a JSON array.

use domain::{Cursor, ListedAvatar, ListedUser, Page};
#[cfg(feature = "openapi")]
use utoipa::ToSchema;
use web::{Links, answer_limit::json_string_bytes};

/// Typical bytes per user, to allocate once.
const USER_BYTES: usize = 256;

/// A user in a list: exactly these members, in this order.
#[cfg(feature = "openapi")]
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ListedUser)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct ListedBody {
    /// URL of the image.
    avatar_url: String,
    #[schema(example = "ada@example.org")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
}

/// The position of a piece in the array.
#[derive(Clone, Copy)]
pub(crate) enum Piece {
    First,
    Middle,
    Last,
    /// All of it.
    Whole,
}

impl Piece {
    fn begins(self) -> bool {
        matches!(self, Self::First | Self::Whole)
    }

    fn ends(self) -> bool {
        matches!(self, Self::Last | Self::Whole)
    }
}

/// A piece of the array: the users of `page`, with the brackets of its position.
///
/// Written by hand in the order of [`ListedBody`]: most bytes are URLs, with no escaping after the base.
pub(crate) fn encode(page: &Page, links: &Links, piece: Piece) -> Vec<u8> {
    let users = page.users();
    let mut out = Vec::with_capacity(users.len() * USER_BYTES + 2);
    if piece.begins() {
        out.push(b'[');
    }
    let prefixes = Prefixes::new(links);
    for (index, user) in users.enumerate() {
        if index > 0 || !piece.begins() {
            out.push(b',');
        }
        object(&mut out, &prefixes, user);
    }
    if piece.ends() {
        out.push(b']');
    }
    out
}

/// An array of limited size, counted in bytes as escaped within a JSON string.
pub(crate) struct Bounded {
    out: Vec<u8>,
    prefixes: Prefixes,
    left_bytes: usize,
    /// The last user of the previous pages.
    last: Option<Cursor>,
}

impl Bounded {
    /// An empty array of at most `max_bytes`.
    pub(crate) fn new(links: &Links, max_bytes: usize) -> Self {
        Self {
            out: vec![b'['],
            prefixes: Prefixes::new(links),
            left_bytes: max_bytes.saturating_sub(2),
            last: None,
        }
    }

    /// Adds the users of `page`; returns the cursor to continue from if they do not all fit. The first user
    /// is always added: an array that is too large is better than one that makes no progress.
    pub(crate) fn add(&mut self, page: &Page) -> Option<Cursor> {
        let mut last: Option<ListedUser<'_>> = None;
        for user in page.users() {
            let (before, is_first) = (self.out.len(), self.out.len() == 1);
            if !is_first {
                self.out.push(b',');
            }
            object(&mut self.out, &self.prefixes, user);
            let bytes = json_string_bytes(&self.out[before..]);
            match self.left_bytes.checked_sub(bytes) {
                Some(left) => self.left_bytes = left,
                None if is_first => self.left_bytes = 0,
                None => {
                    self.out.truncate(before);
                    return last.map(|last| last.cursor()).or_else(|| self.last.clone());
                }
            }
            last = Some(user);
        }
        self.last = last.map(|last| last.cursor()).or_else(|| self.last.take());
        None
    }

    /// The array.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.out.push(b']');
        self.out
    }
}

/// The beginning of every object.
struct Prefixes {
    /// Up to the path of a stored image.
    kept: Vec<u8>,
    /// Up to the id of a user without an avatar.
    generated: Vec<u8>,
}

impl Prefixes {
    fn new(links: &Links) -> Self {
        Self { kept: prefix(&links.avatar_base()), generated: prefix(&links.generated_base()) }
    }
}

fn prefix(url: &str) -> Vec<u8> {
    let mut prefix = b"{\"avatar_url\":".to_vec();
    string(&mut prefix, url);
    prefix.pop();
    prefix
}

fn object(out: &mut Vec<u8>, prefixes: &Prefixes, user: ListedUser<'_>) {
    match user.avatar {
        ListedAvatar::Kept(key) => {
            out.extend_from_slice(&prefixes.kept);
            key.append_to(out);
            out.push(b'"');
        }
        ListedAvatar::Generated(user) => {
            out.extend_from_slice(&prefixes.generated);
            out.extend_from_slice(user.to_string().as_bytes());
            out.push(b'"');
        }
        ListedAvatar::Elsewhere { url, .. } => {
            out.extend_from_slice(b"{\"avatar_url\":");
            string(out, url);
        }
    }
    out.extend_from_slice(b",\"email\":");
    string(out, user.email);
    out.extend_from_slice(b",\"name\":");
    string(out, user.name);
    out.push(b'}');
}

fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("strings serialise, and writing to a Vec cannot fail");
}

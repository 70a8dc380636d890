//! Users as the members of a JSON array.

use domain::{ListedAvatar, Page};
use utoipa::ToSchema;
use web::Links;

/// About what one user takes, in bytes: a first guess that saves growing.
const USER_BYTES: usize = 256;

/// A user in a list: exactly these members, in this order.
#[derive(ToSchema)]
#[schema(as = ListedUser)]
#[allow(dead_code, reason = "read by the macro")]
pub(crate) struct ListedBody {
    /// Where the image is.
    avatar_url: String,
    #[schema(example = "ada@example.org")]
    email: String,
    #[schema(example = "Ada Lovelace")]
    name: String,
}

/// Where in the array a piece of it stands.
#[derive(Clone, Copy)]
pub(crate) enum Place {
    First,
    Middle,
    Last,
    /// All of it.
    Whole,
}

impl Place {
    fn begins(self) -> bool {
        matches!(self, Self::First | Self::Whole)
    }

    fn ends(self) -> bool {
        matches!(self, Self::Last | Self::Whole)
    }
}

/// A piece of the array: the users of `page`, with the brackets that belong to its place.
///
/// Written by hand in the order of [`ListedBody`]: a URL has nothing to escape after its base, and is most of the bytes.
pub(crate) fn encode(page: &Page, links: &Links, place: Place) -> Vec<u8> {
    let users = page.users();
    let mut out = Vec::with_capacity(users.len() * USER_BYTES + 2);
    if place.begins() {
        out.push(b'[');
    }
    let mut head = b"{\"avatar_url\":".to_vec();
    string(&mut head, &links.avatar_base());
    head.pop();
    for (index, user) in users.enumerate() {
        if index > 0 || !place.begins() {
            out.push(b',');
        }
        match user.avatar {
            ListedAvatar::Kept(key) => {
                out.extend_from_slice(&head);
                key.append_to(&mut out);
                out.push(b'"');
            }
            ListedAvatar::Elsewhere(url) => {
                out.extend_from_slice(b"{\"avatar_url\":");
                string(&mut out, url);
            }
        }
        out.extend_from_slice(b",\"email\":");
        string(&mut out, user.email);
        out.extend_from_slice(b",\"name\":");
        string(&mut out, user.name);
        out.push(b'}');
    }
    if place.ends() {
        out.push(b']');
    }
    out
}

fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("strings serialise, and a Vec takes everything");
}

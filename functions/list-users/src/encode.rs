//! Users as the members of a JSON array.

use domain::ListedUser;
use serde::Serialize;
use utoipa::ToSchema;
use web::Links;

/// About what one user takes, in bytes: a first guess that saves growing.
const USER_BYTES: usize = 256;

/// A user in a list: exactly these members, in this order.
#[derive(Serialize, ToSchema)]
#[schema(as = ListedUser)]
pub(crate) struct ListedBody<'a> {
    /// Where the image is.
    avatar_url: &'a str,
    #[schema(example = "ada@example.org")]
    email: &'a str,
    #[schema(example = "Ada Lovelace")]
    name: &'a str,
}

/// Where in the array a piece of it stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    Later,
}

/// A piece of the array: these `users`, with the bracket before the first piece and after the `last`.
pub(crate) fn encode(users: &[ListedUser], links: &Links, place: Place, last: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(users.len() * USER_BYTES + 2);
    if place == Place::First {
        out.push(b'[');
    }
    let mut avatar_url = String::new();
    for (index, user) in users.iter().enumerate() {
        if index > 0 || place == Place::Later {
            out.push(b',');
        }
        avatar_url.clear();
        links.write_avatar_url(&mut avatar_url, &user.avatar);
        let body =
            ListedBody { avatar_url: &avatar_url, email: user.email.as_str(), name: user.name.as_str() };
        serde_json::to_writer(&mut out, &body).expect("strings serialise, and a Vec takes everything");
    }
    if last {
        out.push(b']');
    }
    out
}

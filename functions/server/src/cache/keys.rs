//! Surrogate keys: a header of each response that the cache may keep. It removes the header: a key can be the
//! digest of an e-mail.

use std::collections::BTreeSet;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::{Next, from_fn},
    response::Response,
};
use domain::{EmailHash, EmailHashes, Md5, User, UserId};

/// One key in a response; several, separated by spaces, in a ban.
pub(super) const SURROGATE_KEY: HeaderName = HeaderName::from_static("surrogate-key");

/// That of every list of users.
const LISTS: &str = "users";

/// In a ban: everything that is kept.
pub(super) const EVERYTHING: &str = "all";

/// Adds the keys to the responses of `router`, whatever their status.
pub fn around(router: Router) -> Router {
    router.layer(from_fn(add_key))
}

async fn add_key(request: Request, next: Next) -> Response {
    let key = key(request.uri().path()).and_then(|key| HeaderValue::from_str(&key).ok());
    let mut response = next.run(request).await;
    if let Some(key) = key {
        response.headers_mut().insert(SURROGATE_KEY, key);
    }
    response
}

/// The key of the response at this path, if it shows users: a user's hash, or that of every list.
pub fn key(path: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').skip(1).collect();
    match segments[..] {
        ["users"] => Some(LISTS.to_owned()),
        ["users", id] | ["avatars", id, _] => hash(id),
        ["avatar", file] => hash(&file.split('.').next().unwrap_or_default().to_ascii_lowercase()),
        _ => None,
    }
}

/// SHA-256 or MD5 of an e-mail.
fn hash(text: &str) -> Option<String> {
    let is_hash = text.parse::<UserId>().is_ok() || text.parse::<Md5>().is_ok();
    is_hash.then(|| text.to_owned())
}

/// The keys of all responses that a write of this user can change: lists, the user, and its pictures by every
/// hash.
pub(super) fn keys_of(user: &User) -> Vec<String> {
    let of_hash = |hash| match hash {
        EmailHash::Sha256(id) => id.to_string(),
        EmailHash::Md5(md5) => md5.to_string(),
    };
    EmailHashes::of(&user.id, &user.email).all(&user.id).map(of_hash).collect()
}

/// As the value of the header of a ban, with the lists.
pub(super) fn value(keys: &BTreeSet<String>) -> String {
    keys.iter().fold(LISTS.to_owned(), |value, key| value + " " + key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_response_that_shows_users_has_one_key() {
        let (sha256, md5) = ("ab".repeat(32), "cd".repeat(16));
        for (path, expected) in [
            ("/users".to_owned(), Some("users")),
            (format!("/users/{sha256}"), Some(sha256.as_str())),
            (format!("/avatars/{sha256}/0190-x.jpg"), Some(&sha256)),
            (format!("/avatar/{sha256}"), Some(&sha256)),
            (format!("/avatar/{}.PNG", sha256.to_uppercase()), Some(&sha256)),
            (format!("/avatar/{md5}.webp"), Some(&md5)),
            (format!("/users/{sha256}/avatar"), None),
            ("/users/".to_owned(), None),
            ("/users/ada@example.org".to_owned(), None),
            ("/avatar/ada@example.org".to_owned(), None),
            ("/user".to_owned(), None),
            ("/healthz".to_owned(), None),
            ("/".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(key(&path).as_deref(), expected, "{path}");
        }
    }
}

//! URLs, built from settings and never from `Host` or `X-Forwarded-*`.

use crate::{Avatar, AvatarKey, User, UserId};

/// The bases of every URL that Roster returns.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// How clients reach the API, without a trailing slash.
    public_url: String,
    /// Where avatars are served, without a trailing slash.
    avatar_base_url: String,
}

impl Links {
    /// Links below these bases; a trailing slash is ignored.
    pub fn new(public_url: &str, avatar_base_url: &str) -> Self {
        let trim = |url: &str| url.trim_end_matches('/').to_owned();
        Self { public_url: trim(public_url), avatar_base_url: trim(avatar_base_url) }
    }

    /// The URL of a path of the API, which begins with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// A path of the API as its clients request it: below the base path.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.base_path())
    }

    /// The prefix that only the paths of clients have: the path of the API's base, `/v1` or empty.
    pub fn base_path(&self) -> &str {
        let after_scheme = self.public_url.find("://").map_or(0, |at| at + 3);
        self.public_url[after_scheme..].find('/').map_or("", |at| &self.public_url[after_scheme + at..])
    }

    /// The URL of a user's image: the base and the path of its key, the URL that another program wrote, or
    /// the generated default.
    pub fn avatar_url(&self, user: &User) -> String {
        match &user.avatar {
            Avatar::Kept { key, .. } => self.kept_url(key),
            Avatar::Generated => self.generated_url(&user.id),
            Avatar::Elsewhere { url } => url.clone(),
        }
    }

    /// The URL of the default image of a user without an avatar.
    pub fn generated_url(&self, user: &UserId) -> String {
        format!("{}{user}", self.generated_base())
    }

    /// The prefix of [`generated_url`](Self::generated_url), up to the user's id.
    pub fn generated_base(&self) -> String {
        self.to("/avatar/")
    }

    /// The URL of the image with this key.
    pub fn kept_url(&self, key: &AvatarKey) -> String {
        format!("{}{key}", self.avatar_base())
    }

    /// The prefix of every image's URL, up to the path of its key.
    pub fn avatar_base(&self) -> String {
        format!("{}/", self.avatar_base_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_base_path_is_what_follows_the_host() {
        for (url, path) in [
            ("https://users.example.org", ""),
            ("https://users.example.org/", ""),
            ("https://users.example.org:8443/v1", "/v1"),
            ("http://[::1]:8080/a/b/", "/a/b"),
        ] {
            assert_eq!(Links::new(url, url).base_path(), path, "{url}");
        }
    }

    #[test]
    fn a_path_of_the_api_is_below_the_base_path_only() {
        for (url, path) in [
            ("", "/users/1"),
            ("https://users.example.org", "/users/1"),
            ("https://api.example.org/v1/", "/v1/users/1"),
        ] {
            assert_eq!(Links::new(url, url).path("/users/1"), path, "{url}");
        }
    }
}

//! URLs, built from settings and never from `Host` or `X-Forwarded-*`.

use std::fmt::Write as _;

use domain::AvatarKey;

/// The bases of every URL that Roster gives.
#[derive(Clone, Debug)]
pub struct Links {
    /// How clients reach the API, without a slash at the end.
    public_url: String,
    /// Where avatars are served, without a slash at the end.
    avatar_base_url: String,
}

impl Links {
    /// Links below these bases; a slash at the end does not count.
    pub fn new(public_url: &str, avatar_base_url: &str) -> Self {
        let trim = |url: &str| url.trim_end_matches('/').to_owned();
        Self { public_url: trim(public_url), avatar_base_url: trim(avatar_base_url) }
    }

    /// The URL of a path of the API, which begins with a slash.
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.public_url)
    }

    /// The URL of an image.
    pub fn avatar_url(&self, key: &AvatarKey) -> String {
        let mut url = String::new();
        self.write_avatar_url(&mut url, key);
        url
    }

    /// Adds the URL of an image to `out`: a listing writes many.
    pub fn write_avatar_url(&self, out: &mut String, key: &AvatarKey) {
        out.push_str(&self.avatar_base_url);
        write!(out, "/{key}").expect("a String takes everything");
    }
}

//! URLs, built from settings and never from `Host` or `X-Forwarded-*`.

use domain::{Avatar, AvatarKey};

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

    /// The URL of an image: the base and the path of its key, or what another program wrote.
    pub fn avatar_url(&self, avatar: &Avatar) -> String {
        match avatar {
            Avatar::Kept { key, .. } => self.kept_url(key),
            Avatar::Elsewhere { url } => url.clone(),
        }
    }

    fn kept_url(&self, key: &AvatarKey) -> String {
        format!("{}{key}", self.avatar_base())
    }

    /// What the URL of every image begins with, up to the path of its key.
    pub fn avatar_base(&self) -> String {
        format!("{}/", self.avatar_base_url)
    }
}

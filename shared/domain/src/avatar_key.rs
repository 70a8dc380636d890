//! The key of an uploaded image: the only place that builds its path.

use std::str::FromStr;

use crate::{ImageFormat, UploadId, UserId};

/// The name of an uploaded image: `avatars/{user}/{upload}.{extension}`.
///
/// It owns the path (object key and URL path alike), the content type and the cache policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AvatarKey {
    /// The user whose image it is.
    pub user: UserId,
    /// The upload that it came with.
    pub upload: UploadId,
    /// How it is encoded.
    pub format: ImageFormat,
}

/// The text is not `avatars/{user}/{upload}.{extension}`.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an avatar key")]
pub struct NotAnAvatarKey;

impl AvatarKey {
    /// A year without revalidation: the content behind a key does not change.
    pub const CACHE_CONTROL: &'static str = "public, max-age=31536000, immutable";

    /// Appends the path to `out` without `fmt`: a listing writes many.
    pub fn append_to(&self, out: &mut Vec<u8>) {
        let mut names = [b'/'; 64 + 1 + 36];
        hex::encode_to_slice(self.user.as_bytes(), &mut names[..64]).expect("two digits a byte");
        names[65..].copy_from_slice(&self.upload.to_ascii());
        out.extend_from_slice(b"avatars/");
        out.extend_from_slice(&names);
        out.push(b'.');
        out.extend_from_slice(self.format.extension().as_bytes());
    }

    /// The media type of the image.
    pub const fn content_type(&self) -> &'static str {
        self.format.content_type()
    }
}

impl std::fmt::Display for AvatarKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut path = Vec::with_capacity(128);
        self.append_to(&mut path);
        f.write_str(std::str::from_utf8(&path).expect("a path is ASCII"))
    }
}

impl FromStr for AvatarKey {
    type Err = NotAnAvatarKey;

    fn from_str(text: &str) -> Result<Self, NotAnAvatarKey> {
        let rest = text.strip_prefix("avatars/").ok_or(NotAnAvatarKey)?;
        let (user, file) = rest.split_once('/').ok_or(NotAnAvatarKey)?;
        let (upload, extension) = file.split_once('.').ok_or(NotAnAvatarKey)?;
        Ok(Self {
            user: user.parse().map_err(|_| NotAnAvatarKey)?,
            upload: upload.parse().map_err(|_| NotAnAvatarKey)?,
            format: ImageFormat::from_extension(extension).ok_or(NotAnAvatarKey)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_key_round_trips(user: [u8; 32], format in 0usize..3) {
            let key = AvatarKey {
                user: UserId::from_bytes(user),
                upload: UploadId::new(),
                format: ImageFormat::ALL[format],
            };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn parsing_never_panics_and_a_key_has_one_spelling(text in "(avatars/)?[0-9a-f/.\\-]{0,120}(jpg|png|webp)?") {
            if let Ok(key) = text.parse::<AvatarKey>() {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }

    #[test]
    fn other_paths_are_not_keys() {
        let user = "0".repeat(64);
        let upload = UploadId::new();
        for text in [
            format!("avatars/{user}/{upload}"),
            format!("avatars/{user}/{upload}.gif"),
            format!("avatars/{user}/../{upload}.png"),
            format!("renditions/{user}/{upload}.png"),
            format!("/avatars/{user}/{upload}.png"),
        ] {
            assert_eq!(text.parse::<AvatarKey>(), Err(NotAnAvatarKey), "{text}");
        }
    }
}

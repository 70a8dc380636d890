//! An image that is sent apart from the request that uses it: announced, sent, and claimed once.

use std::{str::FromStr, time::Duration};

use uuid::{Uuid, Variant};

use crate::{Digest, Timestamp};

/// Names a direct upload: a random UUID (v4), so that only who announced it knows it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DirectUploadId(Uuid);

/// The text is not a hyphenated, lower-case UUID v4.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a direct upload")]
pub struct NotADirectUploadId;

impl DirectUploadId {
    /// A new one.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl FromStr for DirectUploadId {
    type Err = NotADirectUploadId;

    fn from_str(text: &str) -> Result<Self, NotADirectUploadId> {
        let uuid = Uuid::try_parse(text).map_err(|_| NotADirectUploadId)?;
        let canonical = uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        let version_4 = uuid.get_version_num() == 4 && uuid.get_variant() == Variant::RFC4122;
        if canonical && version_4 { Ok(Self(uuid)) } else { Err(NotADirectUploadId) }
    }
}

impl std::fmt::Display for DirectUploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

/// Not shown: it is a right to send an image and to use it.
impl std::fmt::Debug for DirectUploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirectUploadId")
    }
}

/// A media type that an image may be announced with. What is stored depends on its content alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DirectUploadType(&'static str);

impl DirectUploadType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self("image/jpeg"), Self("image/png"), Self("image/webp"), Self("image/gif")];

    /// The type of this name, in lower case and without parameters.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.0 == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

/// What a client announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectUpload {
    /// Made for this upload.
    pub id: DirectUploadId,
    /// The media type of the request that sends the bytes.
    pub content_type: DirectUploadType,
    /// How many bytes it has: 1 to [`Image::MAX_BYTES`](crate::Image::MAX_BYTES).
    pub bytes: usize,
    /// SHA-256 of the bytes, if the client knows it.
    pub digest: Option<Digest>,
    /// SHA-256 of the `sub` of the token that announced it, if there was one: only the same subject can use it.
    pub subject: Option<Digest>,
    /// When it was announced, by the clock of the API.
    pub announced_at: Timestamp,
}

impl DirectUpload {
    /// How long its bytes may be sent.
    pub const OPEN: Duration = Duration::from_mins(10);

    /// How long it can be used. What is older is removed.
    pub const USABLE: Duration = Duration::from_hours(23);

    /// Until when its bytes may be sent.
    pub fn open_until(&self) -> Timestamp {
        self.announced_at + Self::OPEN
    }

    /// Whether its bytes may still be sent.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.open_until()
    }

    /// Whether it can still be used, provided that its bytes were sent.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        now < self.announced_at + Self::USABLE
    }
}

/// Where a client sends the bytes of a direct upload.
#[derive(Clone, PartialEq, Eq)]
pub enum SendTo {
    /// To this API, which keeps them by [`UploadStore::keep`](crate::UploadStore::keep).
    ThisApi,
    /// Elsewhere, by `PUT`.
    Elsewhere {
        /// The URL: a right to send these bytes, so it must not be logged.
        url: String,
        /// The headers that it requires, names in lower case.
        headers: Vec<(String, String)>,
        /// Until when it is open, if that is earlier than [`DirectUpload::open_until`].
        until: Option<Timestamp>,
    },
}

/// Without the URL, which is a right.
impl std::fmt::Debug for SendTo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ThisApi => "ThisApi",
            Self::Elsewhere { .. } => "Elsewhere",
        })
    }
}

/// Whether a request may use an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It may: it is the first, or the same as the first.
    Granted,
    /// Another request has used it.
    Taken,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_round_trips_and_has_one_spelling() {
        let id = DirectUploadId::random();
        let text = id.to_string();
        assert_eq!(text.parse(), Ok(id));
        let version_7 = Uuid::now_v7().to_string();
        for other in ["", &text.to_uppercase(), &text.replace('-', ""), &version_7, "../../etc/passwd"] {
            assert_eq!(other.parse::<DirectUploadId>(), Err(NotADirectUploadId), "{other}");
        }
    }

    #[test]
    fn a_name_is_not_logged() {
        let id = DirectUploadId::random();
        assert!(!format!("{id:?}").contains(&id.to_string()));
    }

    #[test]
    fn bytes_are_sent_within_ten_minutes_and_used_within_a_day() {
        let at = Timestamp::from_second(1_000_000).unwrap();
        let upload = DirectUpload {
            id: DirectUploadId::random(),
            content_type: DirectUploadType::named("image/jpeg").unwrap(),
            bytes: 1,
            digest: None,
            subject: None,
            announced_at: at,
        };
        for (minutes, open, usable) in [(9, true, true), (10, false, true), (23 * 60, false, false)] {
            let now = at + Duration::from_mins(minutes);
            assert_eq!((upload.is_open(now), upload.is_usable(now)), (open, usable), "{minutes} minutes");
        }
    }
}

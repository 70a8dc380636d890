//! One upload of an image.

use std::{str::FromStr, time::Duration};

use uuid::{Uuid, Variant};

use crate::Timestamp;

/// A UUID v7 made for one upload and never used again, so that a URL never goes stale.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct UploadId(Uuid);

/// The text is not a hyphenated, lower-case UUID v7.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an upload id")]
pub struct NotAnUploadId;

impl UploadId {
    /// A new id.
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }

    /// An id read back from a store.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// When it was made, to the millisecond.
    pub fn made_at(&self) -> Timestamp {
        let bytes = self.as_bytes();
        let ms = bytes[..6].iter().fold(0_i64, |ms, byte| ms << 8 | i64::from(*byte));
        // 48 bits exceed the range of a timestamp: such an id is made up, and counts as very old.
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Whether it was made at least `age` before `now`. An id from the future comes from a wrong clock, so
    /// its age is unknown: it counts as older.
    pub fn is_older(&self, age: Duration, now: Timestamp) -> bool {
        let made_at = self.made_at();
        made_at <= now - age || made_at >= now + age
    }

    /// Every upload id in a text, in any letter case.
    pub fn all_in(text: &str) -> impl Iterator<Item = Self> {
        let windows = text.as_bytes().windows(36).filter(|window| window[8] == b'-' && window[23] == b'-');
        windows.filter_map(|window| str::from_utf8(window).ok()?.to_ascii_lowercase().parse().ok())
    }

    /// The id's text.
    pub fn to_ascii(&self) -> [u8; 36] {
        let mut text = [0; 36];
        self.0.hyphenated().encode_lower(&mut text);
        text
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl Default for UploadId {
    fn default() -> Self {
        Self::new()
    }
}

impl FromStr for UploadId {
    type Err = NotAnUploadId;

    fn from_str(text: &str) -> Result<Self, NotAnUploadId> {
        let uuid = Uuid::try_parse(text).map_err(|_| NotAnUploadId)?;
        let canonical = uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer()) == text;
        let version_7 = uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122;
        if canonical && version_7 { Ok(Self(uuid)) } else { Err(NotAnUploadId) }
    }
}

impl std::fmt::Display for UploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.hyphenated().encode_lower(&mut Uuid::encode_buffer()))
    }
}

impl std::fmt::Debug for UploadId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UploadId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_upload_id_in_a_text_is_found() {
        let (one, other) = (UploadId::new(), UploadId::new());
        for text in [
            format!("https://cdn.example.org/avatars/x/{one}.png?next=%2f{other}"),
            format!("{one}{other}"),
            format!("ä-{one}-ü-{}", other.to_string().to_uppercase()),
        ] {
            assert_eq!(UploadId::all_in(&text).collect::<Vec<_>>(), [one, other], "{text}");
        }
        let (text, version_4) = (one.to_string(), "0a7e3c5e-6d5a-4d3c-8b5e-0a7e3c5e6d5a");
        for none in ["", &text[1..], version_4, "ä"] {
            assert_eq!(UploadId::all_in(none).count(), 0, "{none}");
        }
    }

    #[test]
    fn an_id_round_trips() {
        let id = UploadId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_holds_the_time_it_was_made() {
        let id: UploadId = "0191a0e3-7c00-7000-8000-000000000000".parse().unwrap();
        assert_eq!(id.made_at().as_millisecond(), 0x0191_a0e3_7c00);
        assert_eq!(UploadId::from_bytes([0xff; 16]).made_at(), Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn other_uuids_and_spellings_are_refused() {
        let id = UploadId::new().to_string();
        let v4 = "5f0c6a2e-8d0f-4a1b-9c3d-2e1f0a9b8c7d";
        for text in ["", v4, &id.to_uppercase(), &id.replace('-', ""), &format!("{{{id}}}")] {
            assert_eq!(text.parse::<UploadId>(), Err(NotAnUploadId), "{text}");
        }
    }
}

//! The last segment of `/avatar/{hash}`: the user, and the format.

use domain::{ImageFormat, Md5, UserId};

/// A hash that identifies a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Hash {
    /// SHA-256 of the e-mail.
    Id(UserId),
    /// MD5 of the e-mail, for older clients.
    Md5(Md5),
}

impl Hash {
    /// Parses a hash in hexadecimal digits of either case, and the format of an optional extension.
    pub(crate) fn parse(file: &str) -> Option<(Self, Option<ImageFormat>)> {
        let file = file.to_ascii_lowercase();
        let (hash, format) = match file.split_once('.') {
            None => (file.as_str(), None),
            Some((hash, "jpeg")) => (hash, Some(ImageFormat::Jpeg)),
            Some((hash, extension)) => (hash, Some(ImageFormat::from_extension(extension)?)),
        };
        let hash = hash.parse().map(Self::Id).or_else(|_| hash.parse().map(Self::Md5)).ok()?;
        Some((hash, format))
    }

    /// The bytes of the hash.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Id(id) => id.as_bytes(),
            Self::Md5(md5) => md5.as_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_hashes_are_parsed_in_any_case_with_or_without_extension() {
        let (sha256, md5) = ("aB".repeat(32), "aB".repeat(16));
        let id = Hash::Id(UserId::from_bytes([0xab; 32]));
        for (file, expected) in [
            (sha256.clone(), (id, None)),
            (format!("{sha256}.jpg"), (id, Some(ImageFormat::Jpeg))),
            (format!("{sha256}.JPEG"), (id, Some(ImageFormat::Jpeg))),
            (format!("{sha256}.png"), (id, Some(ImageFormat::Png))),
            (format!("{md5}.webp"), (Hash::parse(&md5).unwrap().0, Some(ImageFormat::Webp))),
        ] {
            assert_eq!(Hash::parse(&file), Some(expected), "{file}");
        }
        assert_eq!(Hash::parse(&md5).unwrap().0.as_bytes(), [0xab; 16]);
    }

    #[test]
    fn malformed_hashes_are_refused() {
        let hash = "a".repeat(64);
        for file in [
            "",
            ".",
            &hash[1..],
            &format!("{hash}a"),
            &format!("{hash}."),
            &format!("{hash}.gif"),
            &format!("{hash}.jpg.png"),
            &"g".repeat(64),
            &"é".repeat(32),
            "ada@example.org",
        ] {
            assert_eq!(Hash::parse(file), None, "{file}");
        }
    }
}

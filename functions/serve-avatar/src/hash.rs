//! The last segment of `/avatar/{hash}`: the user, and the format.

use domain::{EmailHash, ImageFormat};

/// Parses a hash in hexadecimal digits of either case, and the format of an optional extension.
pub(crate) fn parse(file: &str) -> Option<(EmailHash, Option<ImageFormat>)> {
    let file = file.to_ascii_lowercase();
    let (hash, format) = match file.split_once('.') {
        None => (file.as_str(), None),
        Some((hash, "jpeg")) => (hash, Some(ImageFormat::Jpeg)),
        Some((hash, extension)) => (hash, Some(ImageFormat::from_extension(extension)?)),
    };
    let hash = hash.parse().map(EmailHash::Sha256).or_else(|_| hash.parse().map(EmailHash::Md5)).ok()?;
    Some((hash, format))
}

#[cfg(test)]
mod tests {
    use domain::UserId;

    use super::*;

    #[test]
    fn both_hashes_are_parsed_in_any_case_with_or_without_extension() {
        let (sha256, md5) = ("aB".repeat(32), "aB".repeat(16));
        let id = EmailHash::Sha256(UserId::from_bytes([0xab; 32]));
        for (file, expected) in [
            (sha256.clone(), (id, None)),
            (format!("{sha256}.jpg"), (id, Some(ImageFormat::Jpeg))),
            (format!("{sha256}.JPEG"), (id, Some(ImageFormat::Jpeg))),
            (format!("{sha256}.png"), (id, Some(ImageFormat::Png))),
            (format!("{md5}.webp"), (parse(&md5).unwrap().0, Some(ImageFormat::Webp))),
        ] {
            assert_eq!(parse(&file), Some(expected), "{file}");
        }
        assert_eq!(parse(&md5).unwrap().0.as_bytes(), [0xab; 16]);
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
            assert_eq!(parse(file), None, "{file}");
        }
    }
}

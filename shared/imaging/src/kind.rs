//! Recognises formats by their first bytes. File names and declared types are ignored.

use domain::ImageError;

use crate::refused;

/// An accepted format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Jpeg,
    Png,
    Webp,
    Gif,
}

/// Recognises the format.
///
/// # Errors
/// [`ImageError::Empty`]; [`ImageError::Refused`] for a recognised kind that is not accepted;
/// [`ImageError::Unknown`].
pub(crate) fn recognise(bytes: &[u8]) -> Result<Kind, ImageError> {
    match bytes {
        [] => Err(ImageError::Empty),
        [0xff, 0xd8, 0xff, ..] => Ok(Kind::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Ok(Kind::Png),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Kind::Webp),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Kind::Gif),
        _ => Err(refused::by_name(bytes).unwrap_or(ImageError::Unknown)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        let table: [(&[u8], Result<Kind, ImageError>); 9] = [
            (b"", Err(ImageError::Empty)),
            (b"\xff\xd8\xff\xe0", Ok(Kind::Jpeg)),
            (b"\x89PNG\r\n\x1a\n", Ok(Kind::Png)),
            (b"RIFF\x04\0\0\0WEBP", Ok(Kind::Webp)),
            (b"GIF87a", Ok(Kind::Gif)),
            (b"GIF89a", Ok(Kind::Gif)),
            (b"GIF88a", Err(ImageError::Unknown)),
            (b"RIFF\x04\0\0\0WAVE", Err(ImageError::Unknown)),
            (b"\xff\xd8", Err(ImageError::Unknown)),
        ];
        for (bytes, kind) in table {
            assert_eq!(recognise(bytes), kind, "{bytes:?}");
        }
    }
}

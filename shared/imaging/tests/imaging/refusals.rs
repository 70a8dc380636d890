//! Unsupported kinds are refused before decoding, with a hint for the sender.

use domain::ImageError;

use crate::clean;

#[test]
fn an_empty_upload_is_refused() {
    assert_eq!(clean(b"").unwrap_err(), ImageError::Empty);
}

#[test]
fn unknown_kinds_are_not_guessed() {
    for bytes in [b"hello".as_slice(), b"\0", b"\xff\xd8", b"RIFF\x04\0\0\0WAVE", b"GIF88a", &[0; 64]] {
        assert_eq!(clean(bytes).unwrap_err(), ImageError::Unknown, "{bytes:?}");
    }
}

#[test]
fn recognised_kinds_are_refused_by_name_with_a_hint() {
    let kinds: [(&[u8], &str); 9] = [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0mif1miafavif", "AVIF"),
        (b"<?xml version='1.0'?><svg/>", "SVG"),
        (b"BM\x36\0\0\0", "BMP"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\x01", "PSD"),
    ];
    for (bytes, name) in kinds {
        let Err(ImageError::Refused { kind, hint }) = clean(bytes) else { panic!("{name} is taken") };
        assert_eq!(kind, name);
        assert!(!hint.is_empty() && !hint.ends_with('.'), "{name}: {hint}");
    }
}

#[test]
fn the_hint_for_heic_names_the_iphone_setting() {
    let error = clean(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic").unwrap_err();
    assert!(matches!(error, ImageError::Refused { hint, .. } if hint.contains("Most Compatible")));
}

#[test]
fn signatures_alone_are_undecodable() {
    for bytes in [b"\xff\xd8\xff".as_slice(), b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"GIF89a"] {
        assert!(matches!(clean(bytes), Err(ImageError::Undecodable(_))), "{bytes:?}");
    }
}

//! Kinds that are recognised only to refuse them by name, with what the sender can do instead.

use domain::ImageError;

const EXPORT: &str = "export it as JPEG, PNG or WebP";
const HEIC: &str = "export it as JPEG; on an iPhone: Settings > Camera > Formats > Most Compatible";
const SVG: &str = "export it as PNG, since SVG can contain scripts";
const NO_IMAGE: &str = "send the image itself as JPEG, PNG or WebP";

/// How many bytes of text are searched for `<svg` or `<html`, past prologs and comments.
const MARKUP_WINDOW: usize = 4 * 1024;

/// Kinds that begin with fixed bytes.
const SIGNATURES: [(&[u8], &str, &str); 13] = [
    (b"BM", "BMP", EXPORT),
    (b"II*\0", "TIFF", EXPORT),
    (b"MM\0*", "TIFF", EXPORT),
    (b"II+\0", "TIFF", EXPORT),
    (b"MM\0+", "TIFF", EXPORT),
    (b"%PDF-", "PDF", NO_IMAGE),
    (b"\xff\x0a", "JPEG XL", EXPORT),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", EXPORT),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", EXPORT),
    (b"\0\0\x01\0", "ICO", EXPORT),
    (b"8BPS", "PSD", EXPORT),
    (b"PK\x03\x04", "ZIP", NO_IMAGE),
    (b"\x1f\x8b\x08", "gzip (SVGZ)", SVG),
];

/// The refusal of a recognised kind.
pub(crate) fn by_name(bytes: &[u8]) -> Option<ImageError> {
    let signature = SIGNATURES.iter().find(|(start, ..)| bytes.starts_with(start));
    let (kind, hint) = match signature {
        Some((_, kind, hint)) => (*kind, *hint),
        None => iso_media(bytes).or_else(|| markup(bytes))?,
    };
    Some(ImageError::Refused { kind, hint })
}

/// HEIC and AVIF by the brands of their `ftyp` box (ISO/IEC 14496-12, 4.3).
fn iso_media(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if bytes.get(4..8)? != b"ftyp" {
        return None;
    }
    let size = crate::read::be32(bytes, 0)?;
    let end = bytes.len().min(usize::try_from(size).ok()?).min(256);
    let brands = || bytes.get(8..end).unwrap_or_default().chunks_exact(4);
    // Both declare the generic brand `mif1`, so the specific one decides.
    if brands().any(|brand| matches!(brand, b"avif" | b"avis")) {
        return Some(("AVIF", EXPORT));
    }
    let is_heif = brands().any(|brand| {
        matches!(
            brand,
            b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"mif1" | b"msf1"
        )
    });
    is_heif.then_some(("HEIC", HEIC))
}

/// SVG and HTML, past a byte order mark, white space, prologs, comments and doctypes.
fn markup(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let window = &text[..text.len().min(MARKUP_WINDOW)];
    // UTF-16 is read as if it were ASCII with zeros between.
    let text: Vec<u8> =
        window.iter().filter(|byte| !matches!(byte, 0 | 0xfe | 0xff)).map(u8::to_ascii_lowercase).collect();
    let mut rest = text.trim_ascii_start();
    while rest.starts_with(b"<?") || rest.starts_with(b"<!") {
        if rest.starts_with(b"<!doctype html") {
            return Some(("HTML", NO_IMAGE));
        }
        if rest.starts_with(b"<!doctype svg") {
            return Some(("SVG", SVG));
        }
        let end: &[u8] = if rest.starts_with(b"<!--") { b"-->" } else { b">" };
        let at = rest.windows(end.len()).position(|window| window == end)?;
        rest = rest[at + end.len()..].trim_ascii_start();
    }
    if rest.starts_with(b"<svg") {
        return Some(("SVG", SVG));
    }
    let tags: [&[u8]; 5] = [b"<html", b"<head", b"<body", b"<script", b"<iframe"];
    tags.iter().any(|tag| rest.starts_with(tag)).then_some(("HTML", NO_IMAGE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(bytes: &[u8]) -> Option<&'static str> {
        match by_name(bytes) {
            Some(ImageError::Refused { kind, .. }) => Some(kind),
            _ => None,
        }
    }

    #[test]
    fn refused_kinds_are_named() {
        let table: [(&[u8], &str); 27] = [
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "HEIC"),
            (b"\0\0\0\x14ftyphevc\0\0\0\0heis", "HEIC"),
            (b"\0\0\0\x1cftypavif\0\0\0\0mif1miafavif", "AVIF"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", "AVIF"),
            (b"BM\x36\0\0\0", "BMP"),
            (b"II*\0\x08\0\0\0", "TIFF"),
            (b"MM\0*\0\0\0\x08", "TIFF"),
            (b"II+\0\x08\0\0\0", "TIFF"),
            (b"%PDF-1.7\n", "PDF"),
            (b"\xff\x0a\xfa\x1f", "JPEG XL"),
            (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
            (b"\0\0\x01\0\x01\0", "ICO"),
            (b"8BPS\0\x01", "PSD"),
            (b"PK\x03\x04", "ZIP"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn > by hand -->\n<svg>", "SVG"),
            (b"<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'><svg>", "SVG"),
            (b"\xff\xfe<\0s\0v\0g\0>\0", "SVG"),
            (b"\x1f\x8b\x08\0", "gzip (SVGZ)"),
            (b"<!doctype html><title>x</title>", "HTML"),
            (b"  <HTML><body>", "HTML"),
            (b"<script>alert(1)</script>", "HTML"),
            (b"<!-- x --><body onload=x>", "HTML"),
            (b"<head>", "HTML"),
            (b"<iframe src=x>", "HTML"),
        ];
        for (bytes, name) in table {
            assert_eq!(kind(bytes), Some(name), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn other_bytes_are_not_refused_by_name() {
        let table: [&[u8]; 7] = [
            b"hello",
            b"<?xml version='1.0'",
            b"<rss/>",
            b"\0\0\0\x18ftypisom",
            b"\0\0\0\0ftyp",
            b"\xff\xff\xff\xffftyp",
            b"<!--",
        ];
        for bytes in table {
            assert_eq!(kind(bytes), None, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn hints_are_sentences_without_a_full_stop() {
        for (_, kind, hint) in SIGNATURES {
            assert!(!hint.ends_with('.') && hint.len() > 10, "{kind}");
        }
    }
}

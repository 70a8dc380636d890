//! Why images are refused, a word each.

use domain::ImageError;

/// The part or body has more bytes than it may.
pub(crate) const TOO_LARGE: &str = "too_large";
/// Decoding needs more memory than there is for images.
pub(crate) const TOO_MUCH_MEMORY: &str = "too_much_memory";
/// Too much image work is waiting.
pub(crate) const BUSY: &str = "busy";

/// The word for what is wrong with an image.
pub(crate) fn refusal(error: &ImageError) -> &'static str {
    match error {
        ImageError::Empty => "empty",
        ImageError::Refused { .. } => "unsupported",
        ImageError::Unknown => "unknown",
        ImageError::Undecodable(_) => "undecodable",
        ImageError::TooManyPixels { .. } => "too_many_pixels",
        ImageError::TooLargeToKeep { .. } => "too_large_to_keep",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_lists_every_reason() {
        let errors = [
            ImageError::Empty,
            ImageError::Refused { kind: "HEIC", hint: "" },
            ImageError::Unknown,
            ImageError::Undecodable(""),
            ImageError::TooManyPixels { width: 1, height: 1 },
            ImageError::TooLargeToKeep { max_bytes: 1 },
        ];
        let reasons: BTreeSet<_> =
            errors.iter().map(refusal).chain([TOO_LARGE, TOO_MUCH_MEMORY, BUSY]).collect();
        let page = include_str!("../../../../docs/telemetry.md");
        let (_, list) = page.split_once("- `reason`: ").unwrap();
        let (list, _) = list.split_once(".\n").unwrap();
        let listed: BTreeSet<_> = list.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, reasons);
    }
}

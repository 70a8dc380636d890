//! Why images are refused, one word each.

use domain::ImageError;

/// The part or body has more bytes than it may.
pub const TOO_LARGE: &str = "too_large";
/// Decoding needs more memory than there is for images.
pub const TOO_MUCH_MEMORY: &str = "too_much_memory";
/// Too much image work is waiting.
pub const BUSY: &str = "busy";

/// What can be wrong with an image itself.
const WRONG: [&str; 6] =
    ["empty", "unsupported", "unknown", "undecodable", "too_many_pixels", "too_large_to_keep"];

/// The word for what is wrong with an image.
pub fn refusal(error: &ImageError) -> &'static str {
    let [empty, unsupported, unknown, undecodable, too_many_pixels, too_large_to_keep] = WRONG;
    match error {
        ImageError::Empty => empty,
        ImageError::Refused { .. } => unsupported,
        ImageError::Unknown => unknown,
        ImageError::Undecodable(_) => undecodable,
        ImageError::TooManyPixels { .. } => too_many_pixels,
        ImageError::TooLargeToKeep { .. } => too_large_to_keep,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_page_lists_every_reason() {
        let reasons: BTreeSet<_> = WRONG.into_iter().chain([TOO_LARGE, TOO_MUCH_MEMORY, BUSY]).collect();
        let page = include_str!("../../../../docs/telemetry.md");
        let (_, list) = page.split_once("- `reason`: ").unwrap();
        let (list, _) = list.split_once(".\n").unwrap();
        let listed: BTreeSet<_> = list.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, reasons);
    }
}

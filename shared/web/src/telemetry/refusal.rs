//! Why images are refused, a word each.

use domain::ImageError;

/// The part or body has more bytes than it may.
pub(crate) const TOO_LARGE: &str = "too_large";
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
        ImageError::TooMuchMemory { .. } => "too_much_memory",
        ImageError::TooLargeToKeep { .. } => "too_large_to_keep",
    }
}

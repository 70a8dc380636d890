//! Why an uploaded image is refused.

/// What is wrong with an uploaded image, in terms that its sender can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    /// There are no bytes.
    #[error("image is empty")]
    Empty,
    /// A kind that Roster recognises but does not accept (`"HEIC"`), with what to do instead.
    #[error("{kind} is not an accepted image format")]
    Refused {
        /// The kind, as people call it.
        kind: &'static str,
        /// What the sender can do, a sentence without full stop.
        hint: &'static str,
    },
    /// Not an image of any kind that Roster knows.
    #[error("unknown image format")]
    Unknown,
    /// The header or the pixels cannot be decoded: truncated, damaged or an unsupported variant.
    #[error("image cannot be decoded: {0}")]
    Undecodable(&'static str),
    /// More pixels than allowed on a side or in total.
    #[error("image has too many pixels: {width} x {height}")]
    TooManyPixels {
        /// Width in pixels, from the header.
        width: u32,
        /// Height in pixels, from the header.
        height: u32,
    },
    /// The clean image exceeds the size limit, even scaled down.
    #[error("image cannot be stored in {max_bytes} bytes or fewer")]
    TooLargeToKeep {
        /// The limit in bytes.
        max_bytes: usize,
    },
}

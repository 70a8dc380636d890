//! What is done with an image, as metrics and spans name it.

/// What is done with an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageTask {
    /// Reading its header.
    Inspect,
    /// Decoding it to prove it valid, and removing its metadata.
    Clean,
    /// Making its renditions.
    Render,
    /// Making a picture of another size or format, or one for users without an avatar.
    Draw,
}

impl ImageTask {
    /// As metrics and spans name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inspect => "image.inspect",
            Self::Clean => "image.clean",
            Self::Render => "image.render",
            Self::Draw => "image.draw",
        }
    }
}

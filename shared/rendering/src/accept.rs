//! An uploaded image: verified and cleaned, within the limits on image work.

use bytes::Bytes;
use domain::{Image, ImageError, Size};
use runtime::{ImageTask, ImageWork, admission::Refused};

/// An upload that is ready to be stored.
#[derive(Debug)]
pub struct Accepted<T> {
    /// The image without metadata, upright.
    pub image: Image,
    /// The format in which it was sent.
    pub format: &'static str,
    /// What `extra` returned.
    pub extra: T,
}

/// Accepts an upload, and keeps at most `max_bytes` of it; `extra` runs on the same thread as the decoder, for work that would block.
///
/// # Errors
/// [`Refused`] if there is no room for the work, or never will be for its renditions; [`ImageError`] if it is not an
/// image that can be stored.
pub async fn accept<T: Send + 'static>(
    work: &ImageWork,
    bytes: Bytes,
    max_bytes: usize,
    extra: impl FnOnce() -> T + Send + 'static,
) -> Result<Result<Accepted<T>, ImageError>, Refused> {
    // Even reading a header can take 100 ms of CPU, so it is image work; it needs next to no memory.
    let inspected = match work.run(ImageTask::Inspect, 0, || imaging::inspect(bytes)).await? {
        Ok(inspected) => inspected.keeping_at_most(max_bytes),
        Err(error) => return Ok(Err(error)),
    };
    // Refuse now what no worker could render later.
    work.admits(inspected.rendering_bytes(Size::MAX))?;
    let (working_bytes, format) = (inspected.working_bytes(), inspected.source());
    let clean = move || {
        let extra = extra();
        inspected.clean().map(|image| Accepted { image, format, extra })
    };
    work.run(ImageTask::Clean, working_bytes, clean).await
}

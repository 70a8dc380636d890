//! An uploaded image: verified and cleaned, within the limits on image work.

use bytes::Bytes;
use domain::{Image, ImageError, Size};
use imaging::Inspected;
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

/// Memory that cleaning takes of most photographs for the web. They are inspected and cleaned in one turn; a larger
/// image waits for its memory in a second one.
const ONE_TURN_BYTES: u64 = 2 << 20;

/// What the first turn has come to.
enum FirstTurn<T, F> {
    Cleaned(Result<Accepted<T>, ImageError>),
    Refused(Refused),
    Large(Inspected, F),
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
    let admission = work.clone();
    // Even reading a header can take 100 ms of CPU, so it is image work.
    let first_turn = move || match imaging::inspect(bytes) {
        Err(error) => (ImageTask::Inspect, FirstTurn::Cleaned(Err(error))),
        Ok(inspected) => {
            let inspected = inspected.keeping_at_most(max_bytes);
            // Refuse now what no worker could render later.
            if let Err(refused) = admission.admits(inspected.rendering_bytes(Size::MAX)) {
                return (ImageTask::Inspect, FirstTurn::Refused(refused));
            }
            if inspected.working_bytes() > ONE_TURN_BYTES {
                return (ImageTask::Inspect, FirstTurn::Large(inspected, extra));
            }
            (ImageTask::Clean, FirstTurn::Cleaned(clean(inspected, extra)))
        }
    };
    match work.run_named(ONE_TURN_BYTES, first_turn).await? {
        FirstTurn::Cleaned(outcome) => Ok(outcome),
        FirstTurn::Refused(refused) => Err(refused),
        FirstTurn::Large(inspected, extra) => {
            let working_bytes = inspected.working_bytes();
            work.run(ImageTask::Clean, working_bytes, move || clean(inspected, extra)).await
        }
    }
}

fn clean<T>(inspected: Inspected, extra: impl FnOnce() -> T) -> Result<Accepted<T>, ImageError> {
    let (format, extra) = (inspected.source(), extra());
    inspected.clean().map(|image| Accepted { image, format, extra })
}

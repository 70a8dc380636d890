//! Processes one event, from any event source.

use std::time::{Duration, Instant};

use domain::{AvatarKey, AvatarStored, Delivery, Error, Size, Timestamp, Upload, queue::MAX_RECEIVES};
use rendering::{RenderError, Renderer};
use runtime::{
    Services, Telemetry,
    admission::{Refused, Share},
    error::chain,
    telemetry::{EventOutcome, EventWork},
};

/// On AWS the object is written before the item. After this long the item exists if it ever will.
const REFERENCED_WITHIN: Duration = Duration::from_secs(30);

/// An event that was sent within this time of the upload is its own: it makes the sizes that are made at once.
/// A later one comes from `roster renditions remake` or a sweep, and makes all of them, as each may be stored
/// and wrong.
const NEW_FOR: Duration = Duration::from_mins(10);

/// What to do with an event after processing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do.
    Done,
    /// It cannot be processed yet, for a transient reason that is not its own.
    Postpone {
        /// Why, in one line.
        why: String,
        /// Retrying is of no use before this much time has passed.
        not_before: Duration,
    },
    /// It failed by itself; a retry may succeed.
    Retry {
        /// Why, in one line.
        why: String,
    },
    /// It is dead-lettered, for this reason.
    Dead(String),
}

/// Processes events. Clones share the same state.
#[derive(Clone)]
pub struct Processor {
    renderer: Renderer,
    telemetry: Telemetry,
}

impl Processor {
    /// With these stores and limits.
    pub fn new(services: &Services) -> Self {
        Self { renderer: Renderer::new(services, Share::Event), telemetry: services.telemetry.clone() }
    }

    /// Processes all images of an event. It is idempotent.
    ///
    /// An event with several images is done when all are, and retried if one must be. If one cannot be
    /// processed at all, the event is dead-lettered after the others are done.
    pub async fn handle(&self, delivery: &Delivery) -> Outcome {
        let mut outcome = Outcome::Done;
        for stored in &delivery.event.stored {
            let one = self.process(stored, delivery).await;
            outcome = outcome.and(one);
        }
        if let Some(why) = &delivery.event.poison {
            let work = self.telemetry.event(Instant::now(), None, delivery, None);
            work.end(EventOutcome::Dead, Some(why));
            outcome = outcome.and(Outcome::Dead(why.clone()));
        }
        outcome
    }

    async fn process(&self, stored: &AvatarStored, delivery: &Delivery) -> Outcome {
        let began = Instant::now();
        let key = &stored.key;
        // The trace parent may be stored only with the image, so the image is read before the span begins.
        let read = self.renderer.read(key).await;
        let parent =
            stored.trace_parent.or_else(|| read.as_ref().ok().and_then(|upload| upload.trace_parent));
        let work = self.telemetry.event(began, parent, delivery, Some(key.user));
        let made = work.around(async {
            // The object is stored before its event is sent, so it was erased or replaced.
            let Some(upload) = optional(read)? else { return Ok(()) };
            let is_old = key.upload.made_at() <= delivery.sent_at - NEW_FOR;
            let sizes = if is_old { Size::STANDARD.as_slice() } else { Size::EAGER.as_slice() };
            let made = self.renderer.render(upload.image, sizes).await?;
            Ok(self.renderer.keep(key, &made).await?)
        });
        let outcome = outcome_of(made.await, key, Timestamp::now()).after_last_retry(delivery.receives);
        record(work, &outcome);
        outcome
    }
}

fn optional(read: Result<Upload, Error>) -> Result<Option<Upload>, Error> {
    match read {
        Err(Error::NotFound) => Ok(None),
        read => read.map(Some),
    }
}

impl Outcome {
    /// The outcome of an event with two images.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Postpone { why, not_before: one }, Self::Postpone { not_before: another, .. }) => {
                Self::Postpone { why, not_before: one.max(another) }
            }
            // Pending work comes first, before the event counts as failed or is dead-lettered.
            (postpone @ Self::Postpone { .. }, _) | (_, postpone @ Self::Postpone { .. }) => postpone,
            (retry @ Self::Retry { .. }, _) | (_, retry @ Self::Retry { .. }) => retry,
            (dead @ Self::Dead(_), _) | (_, dead @ Self::Dead(_)) => dead,
            (Self::Done, Self::Done) => Self::Done,
        }
    }

    /// Dead-letters an event that has failed by itself [`MAX_RECEIVES`] times.
    pub(crate) fn after_last_retry(self, receives: u32) -> Self {
        match self {
            Self::Retry { why } if receives >= MAX_RECEIVES => {
                Self::Dead(format!("failed {receives} times; last error: {why}"))
            }
            other => other,
        }
    }
}

fn outcome_of(result: Result<(), RenderError>, key: &AvatarKey, now: Timestamp) -> Outcome {
    let error = match result {
        Ok(()) => return Outcome::Done,
        Err(error) => error,
    };
    match &error {
        // It was erased or replaced, unless its item is not written yet.
        RenderError::Store(Error::NotFound) => {
            if key.upload.is_older(REFERENCED_WITHIN, now) {
                return Outcome::Done;
            }
            let age = now.duration_since(key.upload.made_at());
            let not_before = REFERENCED_WITHIN.saturating_sub(age);
            Outcome::Postpone { why: "no user references the image yet".to_owned(), not_before }
        }
        RenderError::Image(_) => Outcome::Dead(chain(&error)),
        RenderError::Refused(Refused::TooMuchMemory { .. }) => {
            Outcome::Dead(format!("{}: raise ROSTER_IMAGE_MEMORY and redrive the event", chain(&error)))
        }
        // The store is unavailable, or of another environment until that is fixed: not the event's fault.
        RenderError::Store(Error::Unavailable(_) | Error::Throttled | Error::WrongEnvironment(_))
        | RenderError::Refused(Refused::QueueFull) => {
            Outcome::Postpone { why: chain(&error), not_before: Duration::ZERO }
        }
        // Damage may be repaired before the last retry.
        RenderError::Store(_) | RenderError::Refused(Refused::Panicked) => {
            Outcome::Retry { why: chain(&error) }
        }
    }
}

fn record(work: EventWork, outcome: &Outcome) {
    match outcome {
        Outcome::Done => work.end(EventOutcome::Done, None),
        Outcome::Postpone { why, .. } => work.end(EventOutcome::Postponed, Some(why)),
        Outcome::Retry { why } => work.end(EventOutcome::Retried, Some(why)),
        Outcome::Dead(why) => work.end(EventOutcome::Dead, Some(why)),
    }
}

#[cfg(test)]
mod tests {
    use domain::{ImageError, ImageFormat, UploadId, UserId};

    use super::*;

    fn key() -> AvatarKey {
        AvatarKey { user: UserId::from_bytes([7; 32]), upload: UploadId::new(), format: ImageFormat::Png }
    }

    #[test]
    fn an_unreferenced_image_is_done_after_the_time_for_its_item() {
        let key = key();
        let at = |seconds| key.upload.made_at() + Duration::from_secs(seconds);
        let outcome = |now| outcome_of(Err(Error::NotFound.into()), &key, now);
        let Outcome::Postpone { not_before, .. } = outcome(at(10)) else { panic!("{:?}", outcome(at(10))) };
        assert_eq!(not_before, Duration::from_secs(20));
        assert_eq!(outcome(at(31)), Outcome::Done);
        let in_the_future = key.upload.made_at() - Duration::from_secs(31);
        assert_eq!(outcome(in_the_future), Outcome::Done, "by a clock that was wrong");
    }

    #[test]
    fn only_failures_of_the_event_itself_count() {
        for (error, expected) in [
            (RenderError::Store(Error::unavailable("away")), "postpone"),
            (RenderError::Store(Error::Throttled), "postpone"),
            (RenderError::Refused(Refused::QueueFull), "postpone"),
            (RenderError::Store(Error::damaged("torn")), "retry"),
            (RenderError::Refused(Refused::Panicked), "retry"),
            (RenderError::Refused(Refused::TooMuchMemory { needed_bytes: 2, allowed_bytes: 1 }), "dead"),
            (RenderError::Image(ImageError::Unknown), "dead"),
            (RenderError::Image(ImageError::Undecodable("torn")), "dead"),
        ] {
            let text = error.to_string();
            let outcome = match outcome_of(Err(error), &key(), Timestamp::now()).after_last_retry(1) {
                Outcome::Done => "done",
                Outcome::Postpone { .. } => "postpone",
                Outcome::Retry { .. } => "retry",
                Outcome::Dead(_) => "dead",
            };
            assert_eq!(outcome, expected, "{text}");
        }
    }

    #[test]
    fn a_transient_failure_never_becomes_a_dead_letter() {
        let away = || Outcome::Postpone { why: "away".to_owned(), not_before: Duration::ZERO };
        assert_eq!(away().after_last_retry(u32::MAX), away());
    }

    #[test]
    fn the_last_failure_dead_letters_an_event() {
        let failed = || Outcome::Retry { why: "torn".to_owned() };
        assert_eq!(failed().after_last_retry(MAX_RECEIVES - 1), failed());
        assert_eq!(
            failed().after_last_retry(MAX_RECEIVES),
            Outcome::Dead("failed 5 times; last error: torn".to_owned())
        );
        assert_eq!(Outcome::Done.after_last_retry(MAX_RECEIVES), Outcome::Done);
    }

    #[test]
    fn pending_images_are_processed_before_an_event_is_dead_lettered() {
        let postpone = || Outcome::Postpone { why: "away".to_owned(), not_before: Duration::ZERO };
        let retry = || Outcome::Retry { why: "torn".to_owned() };
        let dead = || Outcome::Dead("poison".to_owned());
        for (one, other, both) in [
            (Outcome::Done, Outcome::Done, Outcome::Done),
            (Outcome::Done, dead(), dead()),
            (dead(), retry(), retry()),
            (retry(), Outcome::Done, retry()),
            (retry(), postpone(), postpone()),
            (postpone(), dead(), postpone()),
        ] {
            assert_eq!(one.and(other), both);
        }
    }
}

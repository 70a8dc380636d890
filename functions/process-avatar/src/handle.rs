//! One event, whoever handed it out.

use std::time::{Duration, Instant};

use domain::{AvatarKey, AvatarStored, Delivery, Error, Timestamp, Upload, queue::MAX_RECEIVES};
use rendering::{RenderError, Renderer};
use web::{
    Kit, Telemetry,
    admission::{Refused, Share},
    telemetry::{EventOutcome, EventWork},
};

use crate::told::Told;

/// On AWS an object is there before its item. So long after the upload it is known whether the user has it: no write takes longer.
const NAMED_WITHIN: Duration = Duration::from_secs(30);

/// What to do about an event once it was worked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is left to do.
    Done,
    /// It cannot be done yet, for a reason that is not its own and may pass.
    Postpone {
        /// Why, in one line.
        why: String,
        /// It is of no use before so much time has passed.
        not_before: Duration,
    },
    /// It failed by itself; another try may succeed.
    Retry {
        /// Why, in one line.
        why: String,
    },
    /// It is given up, with this reason.
    Dead(String),
}

/// Works events. Clones are the same.
#[derive(Clone)]
pub struct Processor {
    renderer: Renderer,
    telemetry: Telemetry,
    bucket: Option<String>,
}

impl Processor {
    /// With the stores and the limits of `kit`; objects must be of `bucket`, where there is one.
    pub fn new(kit: &Kit, bucket: Option<String>) -> Self {
        Self { renderer: Renderer::new(kit, Share::Event), telemetry: kit.telemetry.clone(), bucket }
    }

    /// Works all that an event tells. Worked twice it changes nothing the second time.
    ///
    /// An event that tells of several images is done when all are, tried again where one must be, and given up where nobody could
    /// work one: the others are worked before that.
    pub async fn handle(&self, delivery: &Delivery) -> Outcome {
        let told = Told::read(&delivery.payload, self.bucket.as_deref());
        let mut outcome = Outcome::Done;
        for stored in &told.stored {
            let of_one = self.work(stored, delivery).await;
            outcome = outcome.and(of_one);
        }
        if let Some(why) = told.poison {
            let work = self.telemetry.event(Instant::now(), None, delivery, None);
            work.end(EventOutcome::Dead, Some(&why));
            outcome = outcome.and(Outcome::Dead(why));
        }
        outcome
    }

    async fn work(&self, stored: &AvatarStored, delivery: &Delivery) -> Outcome {
        let began = Instant::now();
        let key = &stored.key;
        // What it is part of may stand with the image alone, so the image is read before the work has its place in a trace.
        let read = self.renderer.read(key).await;
        let parent =
            stored.trace_parent.or_else(|| read.as_ref().ok().and_then(|upload| upload.trace_parent));
        let work = self.telemetry.event(began, parent, delivery, Some(key.user));
        let made = work.around(async {
            // The object was there before anything told of it: it was erased or replaced.
            let Some(upload) = found(read)? else { return Ok(()) };
            let made = self.renderer.render(upload.image).await?;
            Ok(self.renderer.keep(key, &made).await?)
        });
        let outcome = of_result(made.await, key, Timestamp::now()).at_the_last(delivery.receives);
        tell(work, &outcome);
        outcome
    }
}

fn found(read: Result<Upload, Error>) -> Result<Option<Upload>, Error> {
    match read {
        Err(Error::NotFound) => Ok(None),
        read => read.map(Some),
    }
}

impl Outcome {
    /// Of two things that an event tells.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Postpone { why, not_before: one }, Self::Postpone { not_before: another, .. }) => {
                Self::Postpone { why, not_before: one.max(another) }
            }
            // What can still be done is, before the event counts as failed or is dead-lettered.
            (postpone @ Self::Postpone { .. }, _) | (_, postpone @ Self::Postpone { .. }) => postpone,
            (retry @ Self::Retry { .. }, _) | (_, retry @ Self::Retry { .. }) => retry,
            (dead @ Self::Dead(_), _) | (_, dead @ Self::Dead(_)) => dead,
            (Self::Done, Self::Done) => Self::Done,
        }
    }

    /// What has failed by itself as many times as it may becomes a dead letter.
    fn at_the_last(self, receives: u32) -> Self {
        match self {
            Self::Retry { why } if receives >= MAX_RECEIVES => {
                Self::Dead(format!("failed {receives} times, at last: {why}"))
            }
            other => other,
        }
    }
}

fn of_result(result: Result<(), RenderError>, key: &AvatarKey, now: Timestamp) -> Outcome {
    let error = match result {
        Ok(()) => return Outcome::Done,
        Err(error) => error,
    };
    match &error {
        // It was erased or replaced, unless its item is still on the way.
        RenderError::Store(Error::NotFound) => {
            if key.upload.is_older(NAMED_WITHIN, now) {
                return Outcome::Done;
            }
            let age = Duration::try_from(now.duration_since(key.upload.made_at())).unwrap_or_default();
            let not_before = NAMED_WITHIN.saturating_sub(age);
            Outcome::Postpone { why: "no user has the image yet".to_owned(), not_before }
        }
        RenderError::Image(_) => Outcome::Dead(line(&error)),
        RenderError::Refused(Refused::TooMuchMemory { .. }) => {
            Outcome::Dead(format!("{}: raise ROSTER_IMAGE_MEMORY and send it again", line(&error)))
        }
        // Of a store that is away, or of another environment until its operator mends that, the event knows nothing.
        RenderError::Store(Error::Unavailable(_) | Error::Throttled | Error::WrongEnvironment(_))
        | RenderError::Refused(Refused::QueueFull) => {
            Outcome::Postpone { why: line(&error), not_before: Duration::ZERO }
        }
        // What is damaged may be mended before the last try.
        RenderError::Store(_) | RenderError::Refused(Refused::Panicked) => {
            Outcome::Retry { why: line(&error) }
        }
    }
}

fn tell(work: EventWork, outcome: &Outcome) {
    match outcome {
        Outcome::Done => work.end(EventOutcome::Done, None),
        Outcome::Postpone { why, .. } => work.end(EventOutcome::Postponed, Some(why)),
        Outcome::Retry { why } => work.end(EventOutcome::Retried, Some(why)),
        Outcome::Dead(why) => work.end(EventOutcome::Dead, Some(why)),
    }
}

/// The error with its causes. None holds anything of a user but ids.
fn line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        line = format!("{line}: {error}");
        source = error.source();
    }
    line
}

#[cfg(test)]
mod tests {
    use domain::{ImageError, ImageFormat, UploadId, UserId};

    use super::*;

    fn key() -> AvatarKey {
        AvatarKey { user: UserId::from_bytes([7; 32]), upload: UploadId::new(), format: ImageFormat::Png }
    }

    #[test]
    fn an_image_that_nobody_has_is_done_once_its_item_would_be_there() {
        let key = key();
        let at = |seconds| key.upload.made_at() + Duration::from_secs(seconds);
        let outcome = |now| of_result(Err(Error::NotFound.into()), &key, now);
        let Outcome::Postpone { not_before, .. } = outcome(at(10)) else { panic!("{:?}", outcome(at(10))) };
        assert_eq!(not_before, Duration::from_secs(20));
        assert_eq!(outcome(at(31)), Outcome::Done);
        let in_the_future = key.upload.made_at() - Duration::from_secs(31);
        assert_eq!(outcome(in_the_future), Outcome::Done, "by a clock that was wrong");
    }

    #[test]
    fn only_what_fails_by_itself_counts() {
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
            let outcome = match of_result(Err(error), &key(), Timestamp::now()).at_the_last(1) {
                Outcome::Done => "done",
                Outcome::Postpone { .. } => "postpone",
                Outcome::Retry { .. } => "retry",
                Outcome::Dead(_) => "dead",
            };
            assert_eq!(outcome, expected, "{text}");
        }
    }

    #[test]
    fn what_may_pass_never_becomes_a_dead_letter() {
        let away = || Outcome::Postpone { why: "away".to_owned(), not_before: Duration::ZERO };
        assert_eq!(away().at_the_last(u32::MAX), away());
    }

    #[test]
    fn the_last_failure_is_the_end_of_an_event() {
        let failed = || Outcome::Retry { why: "torn".to_owned() };
        assert_eq!(failed().at_the_last(MAX_RECEIVES - 1), failed());
        assert_eq!(
            failed().at_the_last(MAX_RECEIVES),
            Outcome::Dead("failed 5 times, at last: torn".to_owned())
        );
        assert_eq!(Outcome::Done.at_the_last(MAX_RECEIVES), Outcome::Done);
    }

    #[test]
    fn of_several_images_what_can_still_be_done_comes_before_giving_up() {
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

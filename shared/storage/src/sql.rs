//! What the stores that keep rows share: the rules about them, and numbers and texts in their columns.

use domain::{
    AvatarKey, AvatarStored, DecodedEvent, Delivery, Error, Finding, Grace, Idempotency, ImageFormat, Size,
    Timestamp, TraceParent, UploadId, UserId,
};

use crate::event_json::{AVATAR_STORED, UNKNOWN_KIND};

/// The number of a format in its column; it never changes.
pub(crate) const fn format_number(format: ImageFormat) -> i16 {
    match format {
        ImageFormat::Jpeg => 1,
        ImageFormat::Png => 2,
        ImageFormat::Webp => 3,
    }
}

pub(crate) fn format(number: i16) -> Result<ImageFormat, Error> {
    ImageFormat::ALL
        .into_iter()
        .find(|format| format_number(*format) == number)
        .ok_or_else(|| Error::damaged(format!("unknown image format {number}")))
}

/// Whether a create is the request that created the user before, by the key and the payload's digest that were stored;
/// else why it fails.
pub(crate) fn check_repeated(
    request: Option<&Idempotency>,
    key: Option<&str>,
    payload: Option<&[u8]>,
) -> Result<(), Error> {
    match request {
        Some(request) if key == Some(request.key.as_str()) => {
            let is_same = payload == Some(&request.payload.as_bytes()[..]);
            if is_same { Ok(()) } else { Err(Error::IdempotencyKeyReused) }
        }
        _ => Err(Error::EmailTaken),
    }
}

/// Identifies one delivery of one event.
#[derive(Clone, Copy)]
pub(crate) struct Receipt {
    pub(crate) id: i64,
    pub(crate) attempts: i64,
}

impl Receipt {
    /// Of a delivery that [`StoredEvent::delivery`] returned.
    pub(crate) fn of(delivery: &Delivery) -> Result<Self, Error> {
        let read = || {
            let (id, attempts) = delivery.receipt.split_once('-')?;
            Some(Self { id: id.parse().ok()?, attempts: attempts.parse().ok()? })
        };
        read().ok_or_else(|| Error::damaged("the event's receipt is not from this store"))
    }
}

/// A row of events or dead letters.
pub(crate) struct StoredEvent<'row> {
    pub(crate) id: i64,
    pub(crate) kind: &'row str,
    pub(crate) user: &'row [u8],
    pub(crate) upload: &'row [u8],
    pub(crate) format: i16,
    pub(crate) created_at: Timestamp,
    pub(crate) attempts: i64,
    pub(crate) trace_parent: Option<&'row str>,
    pub(crate) postponed: i64,
}

impl StoredEvent<'_> {
    pub(crate) fn delivery(&self) -> Delivery {
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let (event, raw) = self.event();
        Delivery {
            id: self.id.to_string(),
            receipt: format!("{}-{}", self.id, self.attempts),
            event,
            raw,
            receives: count(self.attempts - self.postponed),
            postponed: count(self.postponed),
            sent_at: self.created_at,
        }
    }

    /// The event, and its text if this release does not know it: an unknown kind does not block the queue.
    fn event(&self) -> (DecodedEvent, Option<String>) {
        let (user, upload) = (self.user.try_into(), self.upload.try_into());
        if let (AVATAR_STORED, Ok(user), Ok(upload), Ok(format)) =
            (self.kind, user, upload, format(self.format))
        {
            let key =
                AvatarKey { user: UserId::from_bytes(user), upload: UploadId::from_bytes(upload), format };
            let trace_parent = self.trace_parent.and_then(|parent| parent.parse::<TraceParent>().ok());
            return (AvatarStored { key, trace_parent }.into(), None);
        }
        let is_known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let kind = self.kind.replace(|c: char| !is_known(c), "?");
        (DecodedEvent::poisoned(UNKNOWN_KIND), Some(format!(r#"{{"kind":"{kind}"}}"#)))
    }
}

/// A user with an avatar, as a sweep finds it.
pub(crate) struct SweptUser {
    pub(crate) key: AvatarKey,
    pub(crate) has_image: bool,
    /// Its eager sizes, as WebP and in other formats, each counted once.
    pub(crate) renditions: i64,
}

impl SweptUser {
    /// What is missing.
    pub(crate) fn check(self, grace: Grace, now: Timestamp) -> Option<Finding> {
        let Self { key, has_image, renditions } = self;
        if !has_image {
            return key.upload.is_older(grace.missing, now).then_some(Finding::MissingImage(key.user));
        }
        // Of a new image: each eager size as WebP and in one more format.
        let all = 2 * Size::EAGER.len();
        let is_missing = usize::try_from(renditions).is_ok_and(|found| found < all);
        (is_missing && key.upload.is_older(grace.orphan, now)).then_some(Finding::MissingRenditions(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_survives_its_number() {
        for known in ImageFormat::ALL {
            assert_eq!(format(format_number(known)).unwrap(), known);
        }
        assert!(matches!(format(0), Err(Error::Damaged(_))));
    }
}

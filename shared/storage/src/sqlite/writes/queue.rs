//! Events and dead letters, from delivery to deletion.

use std::time::Duration;

use domain::{
    AvatarKey, AvatarStored, DeadLetter, Delivery, Error, Timestamp, TraceParent, UploadId, UserId,
    queue::LEASE,
};
use rusqlite::Row;

use super::AVATAR_STORED;
use crate::sqlite::{
    row::{self, column},
    step::Steps,
};

/// The columns that [`delivery`] reads; how many times it was postponed follows.
macro_rules! event_columns {
    () => {
        "id, kind, user, upload, format, created_at, attempts, trace_parent"
    };
}

/// Dead letters in one call.
const TAKEN: i64 = 100;

pub(in crate::sqlite) fn receive(
    steps: &Steps<'_>,
    max: usize,
    now: Timestamp,
) -> Result<Vec<Delivery>, Error> {
    let sql = concat!(
        "UPDATE events SET attempts = attempts + 1, is_handed_out = 1, visible_at = ? WHERE id IN ",
        "(SELECT id FROM events WHERE visible_at <= ? ORDER BY visible_at, id LIMIT ?) RETURNING ",
        event_columns!(),
        ", postponed"
    );
    let params = (after(now, LEASE), now.as_millisecond(), max.cast_signed());
    steps.query_all("sqlite.receive_events", sql, params, delivery)
}

/// Hides the event until then, in milliseconds since the epoch; `is_handed_out` is whether a worker still has
/// it.
pub(in crate::sqlite) fn hide(
    steps: &Steps<'_>,
    event: &Receipt,
    until: i64,
    is_handed_out: bool,
) -> Result<(), Error> {
    let sql = "UPDATE events SET visible_at = ?, is_handed_out = ? WHERE id = ? AND attempts = ?";
    steps.execute("sqlite.update_event", sql, (until, is_handed_out, event.id, event.attempts)).map(drop)
}

/// Hides the event until then; the delivery does not count.
pub(in crate::sqlite) fn postpone(steps: &Steps<'_>, event: &Receipt, until: i64) -> Result<(), Error> {
    let sql = "UPDATE events SET visible_at = ?, is_handed_out = 0, postponed = postponed + 1 WHERE id = ? AND attempts = ?";
    steps.execute("sqlite.update_event", sql, (until, event.id, event.attempts)).map(drop)
}

pub(in crate::sqlite) fn settle(steps: &Steps<'_>, event: &Receipt) -> Result<(), Error> {
    let sql = "DELETE FROM events WHERE id = ? AND attempts = ?";
    steps.execute("sqlite.delete_event", sql, (event.id, event.attempts)).map(drop)
}

pub(in crate::sqlite) fn bury(steps: &Steps<'_>, event: &Receipt, reason: &str) -> Result<(), Error> {
    // With an id of its own.
    let sql = "INSERT INTO dead_letters \
               (kind, user, upload, format, created_at, attempts, trace_parent, reason, visible_at) \
               SELECT kind, user, upload, format, created_at, attempts - postponed, trace_parent, ?, 0 \
               FROM events WHERE id = ? AND attempts = ?";
    steps.execute("sqlite.insert_dead_letter", sql, (reason, event.id, event.attempts))?;
    settle(steps, event)
}

pub(in crate::sqlite) fn take(steps: &Steps<'_>, now: Timestamp) -> Result<Vec<DeadLetter>, Error> {
    let sql = concat!(
        "UPDATE dead_letters SET visible_at = ? WHERE id IN ",
        "(SELECT id FROM dead_letters WHERE visible_at <= ? ORDER BY visible_at, id LIMIT ?) RETURNING ",
        event_columns!(),
        ", 0, reason"
    );
    let params = (after(now, LEASE), now.as_millisecond(), TAKEN);
    let mut letters = steps.query_all("sqlite.take_dead_letters", sql, params, |row| {
        Ok(DeadLetter { delivery: delivery(row)?, reason: Some(column(row, 9)?) })
    })?;
    letters.sort_by_key(|letter| letter.delivery.sent_at);
    Ok(letters)
}

pub(in crate::sqlite) fn put_back(steps: &Steps<'_>, letters: &[i64]) -> Result<(), Error> {
    for id in letters {
        let sql = "UPDATE dead_letters SET visible_at = 0 WHERE id = ?";
        steps.execute("sqlite.update_dead_letter", sql, [id])?;
    }
    Ok(())
}

pub(in crate::sqlite) fn redrive(steps: &Steps<'_>, letter: i64, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO events (kind, user, upload, format, created_at, trace_parent, visible_at) \
               SELECT kind, user, upload, format, created_at, trace_parent, ? FROM dead_letters WHERE id = ?";
    steps.execute("sqlite.insert_event", sql, (now.as_millisecond(), letter))?;
    remove(steps, letter)
}

pub(in crate::sqlite) fn remove(steps: &Steps<'_>, letter: i64) -> Result<(), Error> {
    steps.execute("sqlite.delete_dead_letter", "DELETE FROM dead_letters WHERE id = ?", [letter]).map(drop)
}

/// Identifies one delivery of one event.
#[derive(Clone, Copy)]
pub(in crate::sqlite) struct Receipt {
    pub(in crate::sqlite) id: i64,
    attempts: i64,
}

impl Receipt {
    /// Of a delivery that [`receive`] or [`take`] returned.
    pub(in crate::sqlite) fn of(delivery: &Delivery) -> Result<Self, Error> {
        let read = || {
            let (id, attempts) = delivery.receipt.split_once('-')?;
            Some(Self { id: id.parse().ok()?, attempts: attempts.parse().ok()? })
        };
        read().ok_or_else(|| Error::damaged("the event's receipt is not from this store"))
    }
}

/// Milliseconds since the epoch, this much later.
pub(in crate::sqlite) fn after(now: Timestamp, time: Duration) -> i64 {
    now.as_millisecond().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Error> {
    let (id, attempts, postponed) = (column::<i64>(row, 0)?, column::<i64>(row, 6)?, column::<i64>(row, 8)?);
    let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
    Ok(Delivery {
        id: id.to_string(),
        receipt: format!("{id}-{attempts}"),
        payload: payload(row)?,
        receives: count(attempts - postponed),
        postponed: count(postponed),
        sent_at: row::time(column(row, 5)?)?,
    })
}

/// The event as JSON. An unknown kind does not block the queue: the worker cannot decode it.
fn payload(row: &Row<'_>) -> Result<String, Error> {
    let kind: String = column(row, 1)?;
    let (user, upload) = (column::<Vec<u8>>(row, 2)?.try_into(), column::<Vec<u8>>(row, 3)?.try_into());
    let format = row::format(column(row, 4)?);
    if let (AVATAR_STORED, Ok(user), Ok(upload), Ok(format)) = (kind.as_str(), user, upload, format) {
        let key = AvatarKey { user: UserId::from_bytes(user), upload: UploadId::from_bytes(upload), format };
        let trace_parent =
            column::<Option<String>>(row, 7)?.and_then(|place| place.parse::<TraceParent>().ok());
        return Ok(AvatarStored { key, trace_parent }.to_string());
    }
    let kind = kind.replace(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')), "?");
    Ok(format!(r#"{{"kind":"{kind}"}}"#))
}

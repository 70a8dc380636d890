//! Events and dead letters, from delivery to deletion.

use std::time::Duration;

use domain::{DeadLetter, Delivery, Error, Timestamp, queue::LEASE};
use rusqlite::Row;

use crate::{
    sql::{Receipt, StoredEvent},
    sqlite::{
        row::{self, column},
        transaction::{StepName, Transaction},
    },
};

/// The columns that [`delivery`] reads; how many times it was postponed follows.
macro_rules! event_columns {
    () => {
        "id, kind, user, upload, format, created_at, attempts, trace_parent"
    };
}

/// The longest time for which an event is hidden. One that is hidden for longer was written by a clock that has been set
/// back since.
pub(in crate::sqlite) const LONGEST_DELAY: Duration = Duration::from_mins(15);

/// Dead letters in one call.
const DEAD_LETTERS: i64 = 100;

pub(super) fn receive(tx: &Transaction<'_>, max: usize, now: Timestamp) -> Result<Vec<Delivery>, Error> {
    let sql = concat!(
        "UPDATE events SET attempts = attempts + 1, is_handed_out = 1, visible_at = ?1 WHERE id IN ",
        // Each part is read from the index, in its order.
        "(SELECT * FROM (SELECT id FROM events WHERE visible_at <= ?2 ORDER BY visible_at, id LIMIT ?4) ",
        "UNION ALL SELECT * FROM (SELECT id FROM events WHERE visible_at > ?3 ORDER BY visible_at, id LIMIT ?4) ",
        "LIMIT ?4) RETURNING ",
        event_columns!(),
        ", postponed"
    );
    let params = (after(now, LEASE), now.as_millisecond(), after(now, LONGEST_DELAY), max.cast_signed());
    tx.query_all(StepName::ReceiveEvents, sql, params, delivery)
}

/// Hides the event until then, in milliseconds since the epoch; `is_handed_out` is whether a worker still has
/// it.
pub(super) fn hide(
    tx: &Transaction<'_>,
    event: &Receipt,
    until: i64,
    is_handed_out: bool,
) -> Result<(), Error> {
    let sql = "UPDATE events SET visible_at = ?, is_handed_out = ? WHERE id = ? AND attempts = ?";
    tx.execute(StepName::UpdateEvent, sql, (until, is_handed_out, event.id, event.attempts)).map(drop)
}

/// Hides the event until then; the delivery does not count.
pub(super) fn postpone(tx: &Transaction<'_>, event: &Receipt, until: i64) -> Result<(), Error> {
    let sql = "UPDATE events SET visible_at = ?, is_handed_out = 0, postponed = postponed + 1 WHERE id = ? AND attempts = ?";
    tx.execute(StepName::UpdateEvent, sql, (until, event.id, event.attempts)).map(drop)
}

pub(super) fn acknowledge(tx: &Transaction<'_>, event: &Receipt) -> Result<(), Error> {
    let sql = "DELETE FROM events WHERE id = ? AND attempts = ?";
    tx.execute(StepName::DeleteEvent, sql, (event.id, event.attempts)).map(drop)
}

pub(super) fn dead_letter(tx: &Transaction<'_>, event: &Receipt, reason: &str) -> Result<(), Error> {
    // With an id of its own.
    let sql = "INSERT INTO dead_letters \
               (kind, user, upload, format, created_at, attempts, trace_parent, reason, visible_at) \
               SELECT kind, user, upload, format, created_at, attempts - postponed, trace_parent, ?, 0 \
               FROM events WHERE id = ? AND attempts = ?";
    tx.execute(StepName::InsertDeadLetter, sql, (reason, event.id, event.attempts))?;
    acknowledge(tx, event)
}

pub(super) fn receive_dead_letters(tx: &Transaction<'_>, now: Timestamp) -> Result<Vec<DeadLetter>, Error> {
    let sql = concat!(
        "UPDATE dead_letters SET visible_at = ? WHERE id IN ",
        "(SELECT id FROM dead_letters WHERE visible_at <= ? OR visible_at > ? ORDER BY visible_at, id LIMIT ?) RETURNING ",
        event_columns!(),
        ", 0, reason"
    );
    let params = (after(now, LEASE), now.as_millisecond(), after(now, LONGEST_DELAY), DEAD_LETTERS);
    let mut letters = tx.query_all(StepName::ReceiveDeadLetters, sql, params, |row| {
        Ok(DeadLetter { delivery: delivery(row)?, reason: Some(column(row, 9)?) })
    })?;
    letters.sort_by_key(|letter| letter.delivery.sent_at);
    Ok(letters)
}

/// Hides the letters until then, in milliseconds since the epoch.
pub(super) fn hide_dead_letters(tx: &Transaction<'_>, letters: &[i64], until: i64) -> Result<(), Error> {
    for id in letters {
        let sql = "UPDATE dead_letters SET visible_at = ? WHERE id = ?";
        tx.execute(StepName::UpdateDeadLetter, sql, (until, id))?;
    }
    Ok(())
}

pub(super) fn redrive(tx: &Transaction<'_>, letter: i64, now: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO events (kind, user, upload, format, created_at, trace_parent, visible_at) \
               SELECT kind, user, upload, format, created_at, trace_parent, ? FROM dead_letters WHERE id = ?";
    tx.execute(StepName::InsertEvent, sql, (now.as_millisecond(), letter))?;
    remove(tx, letter)
}

pub(super) fn remove(tx: &Transaction<'_>, letter: i64) -> Result<(), Error> {
    tx.execute(StepName::DeleteDeadLetter, "DELETE FROM dead_letters WHERE id = ?", [letter]).map(drop)
}

/// Milliseconds since the epoch, this much later, and at most by the [longest delay](LONGEST_DELAY).
pub(in crate::sqlite) fn after(now: Timestamp, time: Duration) -> i64 {
    let time = time.min(LONGEST_DELAY);
    now.as_millisecond().saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Error> {
    let (kind, trace_parent) = (column::<String>(row, 1)?, column::<Option<String>>(row, 7)?);
    let event = StoredEvent {
        id: column(row, 0)?,
        kind: &kind,
        user: &column::<Vec<u8>>(row, 2)?,
        upload: &column::<Vec<u8>>(row, 3)?,
        format: column(row, 4)?,
        created_at: row::time(column(row, 5)?)?,
        attempts: column(row, 6)?,
        trace_parent: trace_parent.as_deref(),
        postponed: column(row, 8)?,
    };
    Ok(event.delivery())
}

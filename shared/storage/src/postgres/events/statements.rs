//! Events and dead letters, from delivery to deletion. Each is one statement, which can be repeated after a lost answer.

use std::time::Duration;

use domain::{
    AvatarKey, AvatarStored, DeadLetter, DecodedEvent, Delivery, Error, QueueDepth, TraceParent, UploadId,
    UserId, queue::LEASE,
};
use tokio_postgres::Row;

use crate::{
    event_json::{AVATAR_STORED, UNKNOWN_KIND},
    postgres::{
        database::Database,
        row::{self, column, now},
        transaction::StepName,
    },
};

/// Dead letters in one call.
const RECEIVE: &str = concat!(
    "WITH due AS MATERIALIZED (SELECT id FROM events WHERE visible_at <= ",
    now!(),
    " ORDER BY visible_at, id LIMIT $1 FOR UPDATE SKIP LOCKED) ",
    "UPDATE events SET attempts = attempts + 1, is_delivered = true, visible_at = ",
    now!(),
    " + $2 FROM due WHERE events.id = due.id RETURNING ",
    "events.id, kind, user_id, upload, format, created_at, attempts, trace_parent, postponed"
);

const DEAD_LETTERS: i64 = 100;

/// Rows that another worker is taking are skipped, not waited for.
pub(super) async fn receive(database: &Database, max: usize) -> Result<Vec<Delivery>, Error> {
    let max = i64::try_from(max).map_err(Error::damaged)?;
    let received = database.change(StepName::ReceiveEvents, RECEIVE, &[&max, &ms(LEASE)]).await?;
    received.iter().map(delivery).collect()
}

/// How long until the next event may be delivered.
pub(super) async fn next_due_in(database: &Database) -> Result<Option<Duration>, Error> {
    let sql = concat!("SELECT min(visible_at) - ", now!(), " FROM events");
    let found = database.row(sql, &[]).await?;
    let due = found.map(|found| column::<Option<i64>>(&found, 0)).transpose()?.flatten();
    Ok(due.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
}

pub(super) async fn extend(database: &Database, event: Receipt) -> Result<(), Error> {
    let sql = concat!("UPDATE events SET visible_at = ", now!(), " + $1 WHERE id = $2 AND attempts = $3");
    database.change(StepName::UpdateEvent, sql, &[&ms(LEASE), &event.id, &event.attempts]).await.map(drop)
}

pub(super) async fn retry(database: &Database, event: Receipt, after: Duration) -> Result<(), Error> {
    let sql = concat!(
        "UPDATE events SET visible_at = ",
        now!(),
        " + $1, is_delivered = false WHERE id = $2 AND attempts = $3"
    );
    database.change(StepName::UpdateEvent, sql, &[&ms(after), &event.id, &event.attempts]).await.map(drop)
}

/// The delivery does not count; repeated, this does nothing.
pub(super) async fn postpone(database: &Database, event: Receipt, after: Duration) -> Result<(), Error> {
    let sql = concat!(
        "UPDATE events SET visible_at = ",
        now!(),
        " + $1, is_delivered = false, postponed = postponed + 1 WHERE id = $2 AND attempts = $3 AND is_delivered"
    );
    database.change(StepName::UpdateEvent, sql, &[&ms(after), &event.id, &event.attempts]).await.map(drop)
}

pub(super) async fn acknowledge(database: &Database, event: Receipt) -> Result<(), Error> {
    let sql = "DELETE FROM events WHERE id = $1 AND attempts = $2";
    database.change(StepName::DeleteEvent, sql, &[&event.id, &event.attempts]).await.map(drop)
}

pub(super) async fn dead_letter(database: &Database, event: Receipt, reason: &str) -> Result<(), Error> {
    let sql = "WITH event AS (DELETE FROM events WHERE id = $1 AND attempts = $2 RETURNING *) \
               INSERT INTO dead_letters \
               (kind, user_id, upload, format, created_at, attempts, trace_parent, reason, visible_at) \
               SELECT kind, user_id, upload, format, created_at, attempts - postponed, trace_parent, $3, 0 FROM event";
    // The one character that text cannot hold here.
    let reason = reason.replace('\0', "?");
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&event.id, &event.attempts, &reason];
    database.change(StepName::InsertDeadLetter, sql, params).await.map(drop)
}

pub(super) async fn depth(database: &Database) -> Result<QueueDepth, Error> {
    let sql = concat!(
        "SELECT count(*), count(*) FILTER (WHERE is_delivered AND visible_at > ",
        now!(),
        "), (SELECT count(*) FROM dead_letters), min(created_at) FROM events"
    );
    let Some(found) = database.row(sql, &[]).await? else { return Ok(QueueDepth::default()) };
    let (all, in_progress) = (column::<i64>(&found, 0)?, column::<i64>(&found, 1)?);
    Ok(QueueDepth {
        waiting: (all - in_progress).cast_unsigned(),
        in_progress: in_progress.cast_unsigned(),
        dead: column::<i64>(&found, 2)?.cast_unsigned(),
        oldest: column::<Option<i64>>(&found, 3)?.map(row::time).transpose()?,
    })
}

pub(super) async fn receive_dead_letters(database: &Database) -> Result<Vec<DeadLetter>, Error> {
    let sql = concat!(
        "WITH due AS MATERIALIZED (SELECT id FROM dead_letters WHERE visible_at <= ",
        now!(),
        " ORDER BY visible_at, id LIMIT $1 FOR UPDATE SKIP LOCKED) ",
        "UPDATE dead_letters SET visible_at = ",
        now!(),
        " + $2 FROM due WHERE dead_letters.id = due.id RETURNING ",
        "dead_letters.id, kind, user_id, upload, format, created_at, attempts, trace_parent, 0, reason"
    );
    let received = database.change(StepName::ReceiveDeadLetters, sql, &[&DEAD_LETTERS, &ms(LEASE)]).await?;
    let letter = |row: &Row| Ok(DeadLetter { delivery: delivery(row)?, reason: Some(column(row, 9)?) });
    let mut letters = received.iter().map(letter).collect::<Result<Vec<_>, Error>>()?;
    letters.sort_by_key(|letter| letter.delivery.sent_at);
    Ok(letters)
}

pub(super) async fn release(database: &Database, letter: i64) -> Result<(), Error> {
    let sql = "UPDATE dead_letters SET visible_at = 0 WHERE id = $1";
    database.change(StepName::UpdateDeadLetter, sql, &[&letter]).await.map(drop)
}

pub(super) async fn redrive(database: &Database, letter: i64) -> Result<(), Error> {
    let sql = concat!(
        "WITH letter AS (DELETE FROM dead_letters WHERE id = $1 RETURNING *) ",
        "INSERT INTO events (kind, user_id, upload, format, created_at, trace_parent, visible_at) ",
        "SELECT kind, user_id, upload, format, created_at, trace_parent, ",
        now!(),
        " FROM letter"
    );
    database.change(StepName::InsertEvent, sql, &[&letter]).await.map(drop)
}

pub(super) async fn remove(database: &Database, letter: i64) -> Result<(), Error> {
    let sql = "DELETE FROM dead_letters WHERE id = $1";
    database.change(StepName::DeleteDeadLetter, sql, &[&letter]).await.map(drop)
}

/// Identifies one delivery of one event.
#[derive(Clone, Copy)]
pub(super) struct Receipt {
    pub(super) id: i64,
    attempts: i32,
}

impl Receipt {
    /// Of a delivery that [`receive`] or [`receive_dead_letters`] returned.
    pub(super) fn of(delivery: &Delivery) -> Result<Self, Error> {
        let read = || {
            let (id, attempts) = delivery.receipt.split_once('-')?;
            Some(Self { id: id.parse().ok()?, attempts: attempts.parse().ok()? })
        };
        read().ok_or_else(|| Error::damaged("the event's receipt is not from this store"))
    }
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

fn delivery(row: &Row) -> Result<Delivery, Error> {
    let (id, attempts, postponed) = (column::<i64>(row, 0)?, column::<i32>(row, 6)?, column::<i32>(row, 8)?);
    let count = |number: i32| u32::try_from(number).unwrap_or(0);
    let (event, raw) = event(row)?;
    Ok(Delivery {
        id: id.to_string(),
        receipt: format!("{id}-{attempts}"),
        event,
        raw,
        receives: count(attempts - postponed),
        postponed: count(postponed),
        sent_at: row::time(column(row, 5)?)?,
    })
}

/// The event, and its text if this release does not know it: an unknown kind does not block the queue.
fn event(row: &Row) -> Result<(DecodedEvent, Option<String>), Error> {
    let kind: &str = column(row, 1)?;
    let (user, upload) = (column::<&[u8]>(row, 2)?.try_into(), column::<&[u8]>(row, 3)?.try_into());
    if let (AVATAR_STORED, Ok(user), Ok(upload), Ok(format)) =
        (kind, user, upload, row::format(column(row, 4)?))
    {
        let key = AvatarKey { user: UserId::from_bytes(user), upload: UploadId::from_bytes(upload), format };
        let trace_parent =
            column::<Option<&str>>(row, 7)?.and_then(|parent| parent.parse::<TraceParent>().ok());
        return Ok((AvatarStored { key, trace_parent }.into(), None));
    }
    let kind = kind.replace(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')), "?");
    Ok((DecodedEvent::poisoned(UNKNOWN_KIND), Some(format!(r#"{{"kind":"{kind}"}}"#))))
}

//! Events and dead letters, from delivery to deletion. Each is one statement, which can be repeated after a lost answer.

use std::time::Duration;

use domain::{DeadLetter, Delivery, Error, QueueDepth, queue::LEASE};
use tokio_postgres::Row;

use crate::{
    postgres::{
        database::Database,
        row::{self, column, now},
        transaction::StepName,
    },
    sql::{Receipt, StoredEvent},
};

/// Dead letters in one call.
const DEAD_LETTERS: i64 = 100;

/// Rows that another worker is taking are skipped, not waited for. The server expects few rows of an array, so that it
/// finds them by their ids; of a join with a limit that it does not know it expects many, and reads the whole table.
pub(in crate::postgres) const RECEIVE: &str = concat!(
    "UPDATE events SET attempts = attempts + 1, is_delivered = true, visible_at = ",
    now!(),
    " + $2 WHERE id = ANY(ARRAY(SELECT id FROM events WHERE visible_at <= ",
    now!(),
    " ORDER BY visible_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING ",
    "id, kind, user_id, upload, format, created_at, attempts, trace_parent, postponed"
);

/// In how many milliseconds.
pub(in crate::postgres) const NEXT_DUE: &str = concat!("SELECT min(visible_at) - ", now!(), " FROM events");

pub(in crate::postgres) const RECEIVE_DEAD_LETTERS: &str = concat!(
    "UPDATE dead_letters SET visible_at = ",
    now!(),
    " + $2 WHERE id = ANY(ARRAY(SELECT id FROM dead_letters WHERE visible_at <= ",
    now!(),
    " ORDER BY visible_at, id LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING ",
    "id, kind, user_id, upload, format, created_at, attempts, trace_parent, 0::bigint, reason"
);

pub(super) async fn receive(database: &Database, max: usize) -> Result<Vec<Delivery>, Error> {
    let max = i64::try_from(max).map_err(Error::damaged)?;
    let received = database.change(StepName::ReceiveEvents, RECEIVE, &[&max, &ms(LEASE)]).await?;
    received.iter().map(delivery).collect()
}

/// How long until the next event may be delivered.
pub(super) async fn next_due_in(database: &Database) -> Result<Option<Duration>, Error> {
    let found = database.row(NEXT_DUE, &[]).await?;
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
    let params: &[&(dyn tokio_postgres::types::ToSql + Sync)] = &[&DEAD_LETTERS, &ms(LEASE)];
    let received = database.change(StepName::ReceiveDeadLetters, RECEIVE_DEAD_LETTERS, params).await?;
    let letter = |row: &Row| Ok(DeadLetter { delivery: delivery(row)?, reason: Some(column(row, 9)?) });
    let mut letters = received.iter().map(letter).collect::<Result<Vec<_>, Error>>()?;
    letters.sort_by_key(|letter| letter.delivery.sent_at);
    Ok(letters)
}

pub(super) async fn extend_dead_letter(database: &Database, letter: i64) -> Result<(), Error> {
    let sql = concat!("UPDATE dead_letters SET visible_at = ", now!(), " + $1 WHERE id = $2");
    database.change(StepName::UpdateDeadLetter, sql, &[&ms(LEASE), &letter]).await.map(drop)
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

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

fn delivery(row: &Row) -> Result<Delivery, Error> {
    let event = StoredEvent {
        id: column(row, 0)?,
        kind: column(row, 1)?,
        user: column(row, 2)?,
        upload: column(row, 3)?,
        format: column(row, 4)?,
        created_at: row::time(column(row, 5)?)?,
        attempts: column(row, 6)?,
        trace_parent: column(row, 7)?,
        postponed: column(row, 8)?,
    };
    Ok(event.delivery())
}

//! Events for the worker.

use domain::{AvatarKey, AvatarStored, Error, UserId};
use tokio_postgres::types::ToSql;

use crate::{
    event_json::AVATAR_STORED,
    postgres::{
        database::Database,
        row::{format_number, now},
        transaction::{StepName, Transaction},
    },
};

const INSERT: &str = concat!(
    "INSERT INTO events (kind, user_id, upload, format, trace_parent, created_at, visible_at) ",
    "SELECT $1, $2, $3, $4, $5, now.ms, now.ms FROM (SELECT ",
    now!(),
    " AS ms) AS now"
);

/// Queues the event of a stored image, in the transaction that stores it.
pub(in crate::postgres) async fn avatar_stored(
    tx: &Transaction<'_>,
    event: &AvatarStored,
) -> Result<(), Error> {
    let values = Values::of(event);
    tx.execute(StepName::InsertEvent, INSERT, &values.params()).await.map(drop)
}

/// Queues an event by itself.
pub(super) async fn send(database: &Database, event: &AvatarStored) -> Result<(), Error> {
    let values = Values::of(event);
    database.change(StepName::InsertEvent, INSERT, &values.params()).await.map(drop)
}

struct Values<'a> {
    user: &'a [u8],
    upload: &'a [u8],
    format: i16,
    trace_parent: Option<String>,
}

impl<'a> Values<'a> {
    fn of(event: &'a AvatarStored) -> Self {
        let AvatarStored { key: AvatarKey { user, upload, format }, trace_parent } = event;
        Self {
            user: user.as_bytes(),
            upload: upload.as_bytes(),
            format: format_number(*format),
            trace_parent: trace_parent.map(|parent| parent.to_string()),
        }
    }

    fn params(&self) -> [&(dyn ToSql + Sync); 5] {
        [&AVATAR_STORED, &self.user, &self.upload, &self.format, &self.trace_parent]
    }
}

/// Deletes the user's events and dead letters.
pub(in crate::postgres) async fn delete_events(tx: &Transaction<'_>, user: &UserId) -> Result<(), Error> {
    let user = &user.as_bytes()[..];
    tx.execute(StepName::DeleteEvents, "DELETE FROM events WHERE user_id = $1", &[&user]).await?;
    let sql = "DELETE FROM dead_letters WHERE user_id = $1";
    tx.execute(StepName::DeleteEvents, sql, &[&user]).await.map(drop)
}

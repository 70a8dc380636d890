//! Events for the worker.

use domain::{AvatarKey, AvatarStored, Error, Timestamp, UserId};

use crate::{
    event_json::AVATAR_STORED,
    sqlite::{
        row::format_number,
        transaction::{StepName, Transaction},
    },
};

/// Queues the event of a stored image, in the transaction that stores it.
pub(in crate::sqlite) fn avatar_stored(
    tx: &Transaction<'_>,
    event: &AvatarStored,
    created_at: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO events (kind, user, upload, format, created_at, visible_at, trace_parent) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6)";
    let AvatarStored { key: AvatarKey { user, upload, format }, trace_parent } = event;
    let params = (
        AVATAR_STORED,
        user.as_bytes(),
        upload.as_bytes(),
        format_number(*format),
        created_at.as_millisecond(),
        trace_parent.map(|parent| parent.to_string()),
    );
    tx.execute(StepName::InsertEvent, sql, params).map(drop)
}

/// Deletes the user's events and dead letters.
pub(in crate::sqlite) fn delete_events(tx: &Transaction<'_>, user: &UserId) -> Result<(), Error> {
    tx.execute(StepName::DeleteEvents, "DELETE FROM events WHERE user = ?", [user.as_bytes()])?;
    let sql = "DELETE FROM dead_letters WHERE user = ?";
    tx.execute(StepName::DeleteEvents, sql, [user.as_bytes()]).map(drop)
}

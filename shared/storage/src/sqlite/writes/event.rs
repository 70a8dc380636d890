//! What the worker is told.

use domain::{AvatarKey, Error, Timestamp, TraceParent};

use crate::sqlite::{row::format_number, step::Steps};

/// Says that an image was stored, in the transaction that stores it.
pub(super) fn avatar_stored(
    steps: &Steps<'_>,
    key: &AvatarKey,
    trace_parent: Option<&TraceParent>,
    created_at: Timestamp,
) -> Result<(), Error> {
    let sql = "INSERT INTO events (kind, user, upload, format, created_at, trace_parent) \
               VALUES ('avatar.stored', ?, ?, ?, ?, ?)";
    let params = (
        key.user.as_bytes(),
        key.upload.as_bytes(),
        format_number(key.format),
        created_at.as_millisecond(),
        trace_parent.map(TraceParent::to_string),
    );
    steps.execute("sqlite.insert_event", sql, params).map(drop)
}

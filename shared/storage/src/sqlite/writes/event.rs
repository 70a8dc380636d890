//! What the worker is told.

use domain::{AvatarKey, Error, Timestamp};

use crate::sqlite::{row::format_number, step::Steps};

/// Says that an image was stored, in the transaction that stores it.
pub(super) fn avatar_stored(steps: &Steps<'_>, key: &AvatarKey, created_at: Timestamp) -> Result<(), Error> {
    let sql =
        "INSERT INTO events (kind, user, upload, format, created_at) VALUES ('avatar.stored', ?, ?, ?, ?)";
    let params =
        (key.user.as_bytes(), key.upload.as_bytes(), format_number(key.format), created_at.as_millisecond());
    steps.execute("sqlite.insert_event", sql, params).map(drop)
}

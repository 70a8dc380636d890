//! Whether a user is still as it was read.

use domain::{Error, User};

use crate::sqlite::{row::column, step::Steps};

/// The place of the user's image, if the user is still as `read`.
///
/// The version alone would not tell a user that was erased and made again from the first one; an upload is never
/// used twice.
pub(super) fn still_as(steps: &Steps<'_>, read: &User) -> Result<i64, Error> {
    let sql = "SELECT version = ? AND upload = ?, image FROM users WHERE id = ?";
    // A user of this store has its image here.
    let upload = read.avatar.key().ok_or(Error::Stale)?.upload;
    let params = (read.version.0.cast_signed(), upload.as_bytes(), read.id.as_bytes());
    let found = steps.query("sqlite.find_user", sql, params, |row| Ok((column(row, 0)?, column(row, 1)?)))?;
    match found {
        None => Err(Error::NotFound),
        Some((false, _)) => Err(Error::Stale),
        Some((true, image)) => Ok(image),
    }
}

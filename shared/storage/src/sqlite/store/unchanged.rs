//! Whether a user is still as it was read.

use domain::{Avatar, Error, UploadId, User};

use crate::sqlite::{
    row::column,
    transaction::{StepName, Transaction},
};

/// The row id of the user's image, if it has one. Fails unless the user is still as `read`.
///
/// The version alone would not distinguish a recreated user from the deleted one; an upload is never used
/// twice, and users without one differ in their creation time.
pub(super) fn check_unchanged(tx: &Transaction<'_>, read: &User) -> Result<Option<i64>, Error> {
    let sql = "SELECT version = ? AND upload IS ? AND created_at = ?, image FROM users WHERE id = ?";
    let upload = match &read.avatar {
        Avatar::Kept { key, .. } => Some(key.upload),
        Avatar::Generated => None,
        // No user of this store has its image elsewhere.
        Avatar::Elsewhere { .. } => return Err(Error::Stale),
    };
    let params = (
        read.version.0.cast_signed(),
        upload.as_ref().map(UploadId::as_bytes),
        read.created_at.as_millisecond(),
        read.id.as_bytes(),
    );
    let found = tx.query(StepName::FindUser, sql, params, |row| Ok((column(row, 0)?, column(row, 1)?)))?;
    match found {
        None => Err(Error::NotFound),
        Some((false, _)) => Err(Error::Stale),
        Some((true, image)) => Ok(image),
    }
}

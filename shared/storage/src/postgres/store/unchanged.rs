//! Whether a user is still as it was read.

use domain::{Avatar, Error, UploadId, User};

use crate::postgres::{
    row::{self, column},
    transaction::{StepName, Transaction},
};

/// The upload of the user's image, if it has one. Fails unless the user is still as `read`. Until the end of the
/// transaction no other can change it.
///
/// The version alone would not distinguish a recreated user from the deleted one; an upload is never used
/// twice, and users without one differ in their creation time.
pub(super) async fn check_unchanged(tx: &Transaction<'_>, read: &User) -> Result<Option<UploadId>, Error> {
    let sql = "SELECT version = $1 AND upload IS NOT DISTINCT FROM $2 AND created_at = $3, upload FROM users \
               WHERE id = $4 FOR UPDATE";
    let upload = match &read.avatar {
        Avatar::Kept { key, .. } => Some(&key.upload.as_bytes()[..]),
        Avatar::Generated => None,
        // No user of this store has its image elsewhere.
        Avatar::Elsewhere { .. } => return Err(Error::Stale),
    };
    let (version, created_at) = (read.version.0.cast_signed(), read.created_at.as_millisecond());
    let found = tx
        .row(StepName::FindUser, sql, &[&version, &upload, &created_at, &&read.id.as_bytes()[..]])
        .await?
        .ok_or(Error::NotFound)?;
    if column(&found, 0)? { row::upload(&found, 1) } else { Err(Error::Stale) }
}

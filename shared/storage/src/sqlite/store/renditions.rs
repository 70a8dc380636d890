//! Storing renditions of an image that its user still has.

use domain::{AvatarKey, Error, Rendition, UserId};

use crate::sqlite::{
    row::format_number,
    transaction::{StepName, Transaction},
};

pub(in crate::sqlite) fn keep_renditions(
    tx: &Transaction<'_>,
    of: &AvatarKey,
    renditions: &[Rendition],
) -> Result<(), Error> {
    let sql = "SELECT 1 FROM users WHERE id = ? AND upload = ?";
    let params = (of.user.as_bytes(), of.upload.as_bytes());
    tx.query(StepName::FindUser, sql, params, |_| Ok(()))?.ok_or(Error::NotFound)?;
    let sql = "INSERT INTO renditions (user, upload, size, format, digest, bytes) VALUES (?, ?, ?, ?, ?, ?) \
               ON CONFLICT (user, upload, size, format) DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes";
    for Rendition { size, image } in renditions {
        let params = (
            of.user.as_bytes(),
            of.upload.as_bytes(),
            size.pixels(),
            format_number(image.format),
            image.digest.as_bytes(),
            &image.bytes[..],
        );
        tx.execute(StepName::InsertRendition, sql, params)?;
    }
    Ok(())
}

/// Deletes the renditions of every image that the user had.
pub(super) fn delete_renditions(tx: &Transaction<'_>, user: &UserId) -> Result<(), Error> {
    let sql = "DELETE FROM renditions WHERE user = ?";
    tx.execute(StepName::DeleteRenditions, sql, [user.as_bytes()]).map(drop)
}

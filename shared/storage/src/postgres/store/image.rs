//! The bytes of an image, in pieces.

use domain::{AvatarKey, Error, UploadId};

use crate::postgres::{
    pieces::pieces,
    transaction::{StepName, Transaction},
};

/// Stores an image.
pub(super) async fn insert_image(tx: &Transaction<'_>, key: &AvatarKey, bytes: &[u8]) -> Result<(), Error> {
    let sql = "INSERT INTO images (upload, start, user_id, bytes) VALUES ($1, $2, $3, $4)";
    let (upload, user) = (&key.upload.as_bytes()[..], &key.user.as_bytes()[..]);
    for (start, piece) in pieces(bytes) {
        tx.execute(StepName::InsertImage, sql, &[&upload, &start, &user, &piece]).await?;
    }
    Ok(())
}

/// Stores an image unless its user exists already; returns whether it did.
pub(super) async fn insert_image_of_new_user(
    tx: &Transaction<'_>,
    key: &AvatarKey,
    bytes: &[u8],
) -> Result<bool, Error> {
    let sql = "INSERT INTO images (upload, start, user_id, bytes) \
               SELECT $1::bytea, $2::integer, $3::bytea, $4::bytea \
               WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = $3::bytea)";
    let (upload, user) = (&key.upload.as_bytes()[..], &key.user.as_bytes()[..]);
    for (start, piece) in pieces(bytes) {
        if tx.execute(StepName::InsertImage, sql, &[&upload, &start, &user, &piece]).await? == 0 {
            // Only what this transaction stored: if nothing, the image may be that of the user.
            if start > 0 {
                delete_image(tx, &key.upload).await?;
            }
            return Ok(false);
        }
    }
    Ok(true)
}

/// Deletes an image.
pub(super) async fn delete_image(tx: &Transaction<'_>, upload: &UploadId) -> Result<(), Error> {
    let sql = "DELETE FROM images WHERE upload = $1";
    tx.execute(StepName::DeleteImage, sql, &[&&upload.as_bytes()[..]]).await.map(drop)
}

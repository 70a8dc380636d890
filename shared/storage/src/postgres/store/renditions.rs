//! Storing renditions of an image that its user still has.

use async_trait::async_trait;
use domain::{AvatarKey, Error, Rendition, Size, UserId};

use crate::postgres::{
    row::format_number,
    transaction::{StepName, Transaction, Write},
};

pub(super) struct Keep {
    pub(super) of: AvatarKey,
    pub(super) renditions: Vec<Rendition>,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let (user, upload) = (&self.of.user.as_bytes()[..], &self.of.upload.as_bytes()[..]);
        // Locked: a write that removes the image waits, and then sees these renditions.
        let sql = "SELECT 1 FROM users WHERE id = $1 AND upload = $2 FOR SHARE";
        tx.row(StepName::FindUser, sql, &[&user, &upload]).await?.ok_or(Error::NotFound)?;
        let sql = "INSERT INTO renditions (user_id, upload, size, format, digest, bytes) \
                   VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (user_id, upload, size, format) \
                   DO UPDATE SET digest = excluded.digest, bytes = excluded.bytes";
        for Rendition { size, image } in &self.renditions {
            let (digest, bytes) = (&image.digest.as_bytes()[..], &image.bytes[..]);
            let (size, format) = (size_number(*size), format_number(image.format));
            tx.execute(StepName::InsertRendition, sql, &[&user, &upload, &size, &format, &digest, &bytes])
                .await?;
        }
        Ok(())
    }
}

/// A size as its column holds it: each standard size fits.
pub(in crate::postgres) fn size_number(size: Size) -> i16 {
    i16::try_from(size.pixels()).unwrap_or(i16::MAX)
}

/// Deletes the renditions of every image that the user had.
pub(super) async fn delete_renditions(tx: &Transaction<'_>, user: &UserId) -> Result<(), Error> {
    let sql = "DELETE FROM renditions WHERE user_id = $1";
    tx.execute(StepName::DeleteRenditions, sql, &[&&user.as_bytes()[..]]).await.map(drop)
}

//! Deleting a user, and everything that was stored with it.

use domain::{Error, User};

use super::{renditions::delete_renditions, unchanged::check_unchanged};
use crate::sqlite::events::stored::delete_events;
use crate::sqlite::transaction::{StepName, Transaction};

pub(super) fn delete(tx: &Transaction<'_>, read: &User) -> Result<(), Error> {
    if let Some(image) = check_unchanged(tx, read)? {
        delete_image(tx, image)?;
    }
    delete_renditions(tx, &read.id)?;
    delete_events(tx, &read.id)?;
    tx.execute(StepName::DeleteUser, "DELETE FROM users WHERE id = ?", [read.id.as_bytes()])?;
    Ok(())
}

pub(super) fn delete_image(tx: &Transaction<'_>, image: i64) -> Result<(), Error> {
    tx.execute(StepName::DeleteImage, "DELETE FROM images WHERE id = ?", [image]).map(drop)
}

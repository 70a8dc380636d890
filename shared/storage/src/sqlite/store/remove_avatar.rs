//! Removing the image of a user.

use domain::{Error, Timestamp, User};

use super::{delete::delete_image, renditions::delete_renditions, unchanged::check_unchanged};
use crate::sqlite::events::stored::delete_events;
use crate::sqlite::{
    row::{self, user_columns},
    transaction::{StepName, Transaction},
};

pub(super) fn remove_avatar(tx: &Transaction<'_>, read: &User, updated_at: Timestamp) -> Result<User, Error> {
    let Some(image) = check_unchanged(tx, read)? else { return Ok(read.clone()) };
    let sql = concat!(
        "UPDATE users SET upload = NULL, format = NULL, digest = NULL, image = NULL, version = version + 1, ",
        "updated_at = ? WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (updated_at.as_millisecond(), read.id.as_bytes());
    let user = tx.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)?;
    delete_image(tx, image)?;
    delete_renditions(tx, &read.id)?;
    delete_events(tx, &read.id)?;
    Ok(user)
}

//! Replacing the image of a user.

use domain::{AvatarStored, Error, NewAvatar, Timestamp, User};

use super::{
    create::insert_image, delete::delete_image, renditions::delete_renditions, unchanged::check_unchanged,
};
use crate::sqlite::events::stored::avatar_stored;
use crate::sqlite::{
    row::{self, format_number, user_columns},
    transaction::{StepName, Transaction},
};

pub(super) fn replace_avatar(
    tx: &Transaction<'_>,
    read: &User,
    avatar: &NewAvatar,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let before = check_unchanged(tx, read)?;
    let (key, _) = avatar.for_user(read.id);
    let image = insert_image(tx, &avatar.image.bytes)?;
    let sql = concat!(
        "UPDATE users SET upload = ?, format = ?, digest = ?, image = ?, version = version + 1, updated_at = ? ",
        "WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (
        key.upload.as_bytes(),
        format_number(key.format),
        avatar.image.digest.as_bytes(),
        image,
        updated_at.as_millisecond(),
        read.id.as_bytes(),
    );
    let user = tx.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)?;
    if let Some(before) = before {
        delete_image(tx, before)?;
    }
    delete_renditions(tx, &read.id)?;
    avatar_stored(tx, &AvatarStored { key, trace_parent: avatar.trace_parent }, user.updated_at)?;
    Ok(user)
}

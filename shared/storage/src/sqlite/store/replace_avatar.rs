//! Replacing the image of a user.

use domain::{AvatarStored, Error, NewAvatar, Timestamp, User};

use super::{create::insert_image, delete::delete_image, renditions::delete_renditions, still::still_as};
use crate::sqlite::events::stored::avatar_stored;
use crate::sqlite::{
    row::{self, format_number, user_columns},
    step::{StepName, Steps},
};

pub(super) fn replace_avatar(
    steps: &Steps<'_>,
    read: &User,
    avatar: &NewAvatar,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let before = still_as(steps, read)?;
    let (key, _) = avatar.of(read.id);
    let place = insert_image(steps, &avatar.image.bytes)?;
    let sql = concat!(
        "UPDATE users SET upload = ?, format = ?, digest = ?, image = ?, version = version + 1, updated_at = ? ",
        "WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (
        key.upload.as_bytes(),
        format_number(key.format),
        avatar.image.digest.as_bytes(),
        place,
        updated_at.as_millisecond(),
        read.id.as_bytes(),
    );
    let user = steps.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)?;
    if let Some(before) = before {
        delete_image(steps, before)?;
    }
    delete_renditions(steps, &read.id)?;
    avatar_stored(steps, &AvatarStored { key, trace_parent: avatar.trace_parent }, user.updated_at)?;
    Ok(user)
}

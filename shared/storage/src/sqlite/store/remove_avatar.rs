//! Removing the image of a user.

use domain::{Error, Timestamp, User};

use super::{delete::delete_image, renditions::delete_renditions, still::still_as};
use crate::sqlite::events::stored::delete_events;
use crate::sqlite::{
    row::{self, user_columns},
    step::{StepName, Steps},
};

pub(super) fn remove_avatar(steps: &Steps<'_>, read: &User, updated_at: Timestamp) -> Result<User, Error> {
    let Some(place) = still_as(steps, read)? else { return Ok(read.clone()) };
    let sql = concat!(
        "UPDATE users SET upload = NULL, format = NULL, digest = NULL, image = NULL, version = version + 1, ",
        "updated_at = ? WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (updated_at.as_millisecond(), read.id.as_bytes());
    let user = steps.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)?;
    delete_image(steps, place)?;
    delete_renditions(steps, &read.id)?;
    delete_events(steps, &read.id)?;
    Ok(user)
}

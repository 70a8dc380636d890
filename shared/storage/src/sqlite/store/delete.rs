//! Deleting a user, and everything that was stored with it.

use domain::{Error, User};

use super::{renditions::delete_renditions, still::still_as};
use crate::sqlite::events::stored::delete_events;
use crate::sqlite::step::{StepName, Steps};

pub(super) fn delete(steps: &Steps<'_>, read: &User) -> Result<(), Error> {
    if let Some(place) = still_as(steps, read)? {
        delete_image(steps, place)?;
    }
    delete_renditions(steps, &read.id)?;
    delete_events(steps, &read.id)?;
    steps.execute(StepName::DeleteUser, "DELETE FROM users WHERE id = ?", [read.id.as_bytes()])?;
    Ok(())
}

pub(super) fn delete_image(steps: &Steps<'_>, place: i64) -> Result<(), Error> {
    steps.execute(StepName::DeleteImage, "DELETE FROM images WHERE id = ?", [place]).map(drop)
}

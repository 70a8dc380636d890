//! The end of a user, and of everything that was kept with it.

use domain::{Error, User};

use super::still::still_as;
use crate::sqlite::step::Steps;

pub(in crate::sqlite) fn delete(steps: &Steps<'_>, read: &User) -> Result<(), Error> {
    let image = still_as(steps, read)?;
    delete_image(steps, image)?;
    steps.execute("sqlite.delete_events", "DELETE FROM events WHERE user = ?", [read.id.as_bytes()])?;
    steps.execute("sqlite.delete_user", "DELETE FROM users WHERE id = ?", [read.id.as_bytes()])?;
    Ok(())
}

pub(super) fn delete_image(steps: &Steps<'_>, place: i64) -> Result<(), Error> {
    steps.execute("sqlite.delete_image", "DELETE FROM images WHERE id = ?", [place]).map(drop)
}

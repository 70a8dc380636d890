//! Renaming a user.

use domain::{DisplayName, Error, Timestamp, User};

use super::still::still_as;
use crate::sqlite::{
    row::{self, user_columns},
    step::{StepName, Steps},
};

pub(super) fn rename(
    steps: &Steps<'_>,
    read: &User,
    name: &DisplayName,
    updated_at: Timestamp,
) -> Result<User, Error> {
    still_as(steps, read)?;
    let sql = concat!(
        "UPDATE users SET name = ?, version = version + 1, updated_at = ? WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (name.as_str(), updated_at.as_millisecond(), read.id.as_bytes());
    steps.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)
}

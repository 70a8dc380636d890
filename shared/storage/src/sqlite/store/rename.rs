//! Renaming a user.

use domain::{DisplayName, Error, Timestamp, User};

use super::unchanged::check_unchanged;
use crate::sqlite::{
    row::{self, user_columns},
    transaction::{StepName, Transaction},
};

pub(super) fn rename(
    tx: &Transaction<'_>,
    read: &User,
    name: &DisplayName,
    updated_at: Timestamp,
) -> Result<User, Error> {
    check_unchanged(tx, read)?;
    let sql = concat!(
        "UPDATE users SET name = ?, version = version + 1, updated_at = ? WHERE id = ? RETURNING ",
        user_columns!()
    );
    let params = (name.as_str(), updated_at.as_millisecond(), read.id.as_bytes());
    tx.query(StepName::UpdateUser, sql, params, row::user)?.ok_or(Error::NotFound)
}

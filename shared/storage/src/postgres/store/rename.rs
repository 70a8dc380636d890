//! Renaming a user.

use async_trait::async_trait;
use domain::{DisplayName, Error, Timestamp, User};

use super::unchanged::check_unchanged;
use crate::postgres::{
    row::{self, user_columns},
    transaction::{StepName, Transaction, Write},
};

pub(super) struct Rename {
    pub(super) read: User,
    pub(super) name: DisplayName,
    pub(super) updated_at: Timestamp,
}

#[async_trait]
impl Write for Rename {
    type Output = User;

    async fn run(&self, tx: &Transaction<'_>) -> Result<User, Error> {
        check_unchanged(tx, &self.read).await?;
        let sql = concat!(
            "UPDATE users SET name = $1, version = version + 1, updated_at = $2 WHERE id = $3 RETURNING ",
            user_columns!()
        );
        let (updated_at, id) = (self.updated_at.as_millisecond(), &self.read.id.as_bytes()[..]);
        let renamed = tx.row(StepName::UpdateUser, sql, &[&self.name.as_str(), &updated_at, &id]).await?;
        row::user(&renamed.ok_or(Error::NotFound)?)
    }
}

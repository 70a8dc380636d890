//! Removing the image of a user.

use async_trait::async_trait;
use domain::{Error, Timestamp, User};

use super::{image::delete_image, renditions::delete_renditions, unchanged::check_unchanged};
use crate::postgres::{
    events::stored::delete_events,
    row::{self, user_columns},
    transaction::{StepName, Transaction, Write},
};

pub(super) struct RemoveAvatar {
    pub(super) read: User,
    pub(super) updated_at: Timestamp,
}

#[async_trait]
impl Write for RemoveAvatar {
    type Output = User;

    async fn run(&self, tx: &Transaction<'_>) -> Result<User, Error> {
        let Some(before) = check_unchanged(tx, &self.read).await? else { return Ok(self.read.clone()) };
        let sql = concat!(
            "UPDATE users SET upload = NULL, format = NULL, digest = NULL, version = version + 1, updated_at = $1 ",
            "WHERE id = $2 RETURNING ",
            user_columns!()
        );
        let (updated_at, id) = (self.updated_at.as_millisecond(), &self.read.id.as_bytes()[..]);
        let user = tx.row(StepName::UpdateUser, sql, &[&updated_at, &id]).await?.ok_or(Error::NotFound)?;
        delete_image(tx, &before).await?;
        delete_renditions(tx, &self.read.id).await?;
        delete_events(tx, &self.read.id).await?;
        row::user(&user)
    }
}

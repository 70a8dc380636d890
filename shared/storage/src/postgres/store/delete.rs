//! Deleting a user, and everything that was stored with it.

use async_trait::async_trait;
use domain::{Error, User};

use super::{image::delete_image, renditions::delete_renditions, unchanged::check_unchanged};
use crate::postgres::{
    events::stored::delete_events,
    transaction::{StepName, Transaction, Write},
};

pub(super) struct Delete {
    pub(super) read: User,
}

#[async_trait]
impl Write for Delete {
    type Output = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        if let Some(upload) = check_unchanged(tx, &self.read).await? {
            delete_image(tx, &upload).await?;
        }
        delete_renditions(tx, &self.read.id).await?;
        delete_events(tx, &self.read.id).await?;
        let sql = "DELETE FROM users WHERE id = $1";
        tx.execute(StepName::DeleteUser, sql, &[&&self.read.id.as_bytes()[..]]).await.map(drop)
    }
}

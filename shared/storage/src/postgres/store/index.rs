//! Adding the hashes of the other form of a user's e-mail.

use async_trait::async_trait;
use domain::{EmailHashes, Error, User};

use crate::postgres::transaction::{StepName, Transaction, Write};

pub(super) struct Index(pub(super) User);

#[async_trait]
impl Write for Index {
    type Output = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Error> {
        let Self(user) = self;
        let other = EmailHashes::of(&user.id, &user.email).other;
        let other_id = other.as_ref().map(|(id, _)| &id.as_bytes()[..]);
        let other_md5 = other.as_ref().map(|(_, md5)| &md5.as_bytes()[..]);
        let sql = "UPDATE users SET other_id = $1, other_md5 = $2 WHERE id = $3";
        let id = &user.id.as_bytes()[..];
        let changed = tx.execute(StepName::UpdateUser, sql, &[&other_id, &other_md5, &id]).await?;
        if changed == 1 { Ok(()) } else { Err(Error::NotFound) }
    }
}

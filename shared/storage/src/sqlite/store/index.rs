//! Adding the hashes of the other form of a user's e-mail.

use domain::{EmailHashes, Error, User};

use crate::sqlite::transaction::{StepName, Transaction};

pub(super) fn index(tx: &Transaction<'_>, user: &User) -> Result<(), Error> {
    let other = EmailHashes::of(&user.id, &user.email).other;
    let sql = "UPDATE users SET other_id = ?, other_md5 = ? WHERE id = ?";
    let params = (
        other.as_ref().map(|(id, _)| id.as_bytes()),
        other.as_ref().map(|(_, md5)| md5.as_bytes()),
        user.id.as_bytes(),
    );
    if tx.execute(StepName::UpdateUser, sql, params)? == 1 { Ok(()) } else { Err(Error::NotFound) }
}

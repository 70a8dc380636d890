//! Deleting a user.

use domain::{Error, User};

use crate::aws::{aws_clients::AwsClients, change::Changed};

pub(super) async fn delete(aws: &AwsClients, read: &User) -> Result<(), Error> {
    let answer = match aws.table.delete(read).await? {
        Changed::Done(_) => Ok(()),
        Changed::Refused(Some(_)) => return Err(Error::Stale),
        // Removed by another call, or by an earlier attempt: no item will reference this object again.
        Changed::Refused(None) => Err(Error::NotFound),
    };
    if let Some(key) = read.avatar.key() {
        aws.remove(key).await?;
    }
    answer
}

//! Renaming a user.

use domain::{DisplayName, Error, Timestamp, UploadId, User};

use crate::aws::{aws_clients::AwsClients, change::Changed, item};

pub(super) async fn rename(
    aws: &AwsClients,
    read: &User,
    name: &DisplayName,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let write = UploadId::new();
    let set = vec![
        (item::NAME, item::text(name.as_str())),
        (item::UPDATED_AT, item::time(updated_at)),
        (item::WRITE_ID, item::text(write.to_string())),
    ];
    match aws.table.update(read, set).await? {
        Changed::Done(now) => item::user(&now),
        // An earlier attempt of this call whose response was lost.
        Changed::Refused(Some(own)) if item::was_written_by(&own, &write) => item::user(&own),
        Changed::Refused(Some(_)) => Err(Error::Stale),
        Changed::Refused(None) => Err(Error::NotFound),
    }
}

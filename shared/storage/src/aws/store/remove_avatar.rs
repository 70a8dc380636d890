//! Removing the image of a user.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Avatar, Error, Timestamp, UploadId, User};

use crate::aws::{aws_clients::AwsClients, change::Changed, item};

pub(super) async fn remove_avatar(
    aws: &AwsClients,
    read: &User,
    updated_at: Timestamp,
) -> Result<User, Error> {
    if read.avatar == Avatar::Generated {
        let now = item::user(&aws.table.get(&read.id).await?.ok_or(Error::NotFound)?)?;
        return if now == *read { Ok(now) } else { Err(Error::Stale) };
    }
    let write = UploadId::new();
    let set = vec![
        (item::AVATAR_URL, item::text(aws.links.generated_url(&read.id))),
        (item::AVATAR_KEY, AttributeValue::Null(true)),
        (item::AVATAR_DIGEST, AttributeValue::Null(true)),
        (item::UPDATED_AT, item::time(updated_at)),
        (item::WRITE_ID, item::text(write.to_string())),
    ];
    let now = match aws.table.update(read, set).await? {
        Changed::Done(now) => now,
        // An earlier attempt of this call whose response was lost.
        Changed::Refused(Some(own)) if item::was_written_by(&own, &write) => own,
        Changed::Refused(Some(_)) => return Err(Error::Stale),
        Changed::Refused(None) => return Err(Error::NotFound),
    };
    if let Some(before) = read.avatar.key() {
        aws.remove(before).await?;
    }
    item::user(&now)
}

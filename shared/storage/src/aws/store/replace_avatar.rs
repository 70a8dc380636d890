//! Replacing the image of a user.

use std::pin::Pin;

use domain::{Error, NewAvatar, Timestamp, User};

use crate::aws::{aws_clients::AwsClients, change::Changed, item, store::start_time::StartTime};

pub(super) async fn replace_avatar(
    aws: &AwsClients,
    read: &User,
    avatar: &NewAvatar,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let (key, _) = avatar.for_user(read.id);
    let set = vec![
        (item::AVATAR_URL, item::text(aws.links.kept_url(&key))),
        (item::AVATAR_KEY, item::text(key.to_string())),
        (item::AVATAR_DIGEST, item::text(avatar.image.digest.to_string())),
        (item::UPDATED_AT, item::time(updated_at)),
        (item::WRITE_ID, item::text(avatar.upload.to_string())),
    ];

    let began = StartTime::now();
    aws.bucket()?.put(&key, avatar).await?;
    let now = match aws.table.update(read, set).await? {
        Changed::Done(now) => now,
        // An earlier attempt of this call whose response was lost: only this call has this upload. The user
        // may have been renamed since.
        Changed::Refused(Some(own)) if item::references(&own, &key) => own,
        Changed::Refused(there) => {
            // Its URL was never returned.
            let _ = aws.remove_image(&key).await;
            return Err(if there.is_some() { Error::Stale } else { Error::NotFound });
        }
    };
    // Before the replaced image is removed: if that fails, this one is safe.
    let user = ensure_image(&began, aws, item::user(&now)?, avatar).await?;
    if let Some(before) = read.avatar.key() {
        aws.remove(before).await?;
    }
    Ok(user)
}

/// Boxed, since it may start another write of the same kind.
type UserFuture<'a> = Pin<Box<dyn Future<Output = Result<User, Error>> + Send + 'a>>;

/// The user after a write that began then, whose item now references the object. If the write took long, a
/// sweep may have removed the object in between, or be about to: then the image is stored again as another
/// upload. If the user has changed since, this image is no longer theirs.
pub(super) fn ensure_image<'a>(
    began: &'a StartTime,
    aws: &'a AwsClients,
    user: User,
    avatar: &'a NewAvatar,
) -> UserFuture<'a> {
    Box::pin(async move {
        if !began.was_long_ago() {
            return Ok(user);
        }
        tracing::warn!(user.id = %user.id, "slow write: a sweep may have removed its image; storing the image again");
        let again = NewAvatar::new(avatar.image.clone(), avatar.trace_parent);
        match replace_avatar(aws, &user, &again, user.updated_at).await {
            Err(Error::Stale | Error::NotFound) => Ok(user),
            answer => answer,
        }
    })
}

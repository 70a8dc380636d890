//! Replacing the image of a user.

use domain::{Error, NewAvatar, Timestamp, User, time::to_the_millisecond};

use crate::aws::{calls::Calls, change::Changed, item, writes::began::Began};

pub(in crate::aws) async fn replace_avatar(
    calls: &Calls,
    read: &User,
    avatar: &NewAvatar,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let (key, _) = avatar.of(read.id);
    let set = vec![
        (item::AVATAR_URL, item::text(calls.avatar_url(&key))),
        (item::AVATAR_KEY, item::text(key.to_string())),
        (item::AVATAR_DIGEST, item::text(avatar.image.digest.to_string())),
        (item::UPDATED_AT, item::time(to_the_millisecond(updated_at)?)),
        (item::WRITE_ID, item::text(avatar.upload.to_string())),
    ];

    let began = Began::now();
    calls.bucket()?.put(&key, avatar).await?;
    let now = match calls.table.update(read, set).await? {
        Changed::Done(now) => now,
        // An earlier attempt of this call whose response was lost: only this call has this upload. The user
        // may have been renamed since.
        Changed::Refused(Some(own)) if item::names(&own, &key) => own,
        Changed::Refused(there) => {
            // Its URL was never returned.
            let _ = calls.remove_image(&key).await;
            return Err(if there.is_some() { Error::Stale } else { Error::NotFound });
        }
    };
    // Before the replaced image is removed: if that fails, this one is safe.
    let kept = began.kept(calls, item::user(&now)?, avatar).await?;
    if let Some(before) = read.avatar.key() {
        calls.remove(before).await?;
    }
    Ok(kept)
}

//! Another image, and the end of the one before.

use domain::{Error, NewAvatar, Timestamp, User, time::to_the_millisecond};

use super::Place;
use crate::aws::{change::Changed, item};

pub(in crate::aws) async fn replace_avatar(
    place: &Place,
    read: &User,
    avatar: &NewAvatar,
    updated_at: Timestamp,
) -> Result<User, Error> {
    let (key, _) = avatar.of(read.id);
    let set = vec![
        (item::AVATAR_URL, item::text(place.avatar_url(&key))),
        (item::AVATAR_KEY, item::text(key.to_string())),
        (item::AVATAR_DIGEST, item::text(avatar.image.digest.to_string())),
        (item::UPDATED_AT, item::time(to_the_millisecond(updated_at)?)),
        (item::WRITE_ID, item::text(avatar.upload.to_string())),
    ];

    place.bucket.put(&key, avatar).await?;
    let now = match place.table.update(read, set).await? {
        Changed::Done(now) => now,
        // An earlier try of this very call, whose answer was lost: nobody else has this upload. Someone may have renamed
        // the user since.
        Changed::Refused(Some(own)) if item::names(&own, &key) => own,
        Changed::Refused(there) => {
            // Nobody was given its URL.
            let _ = place.remove(&key).await;
            return Err(if there.is_some() { Error::Stale } else { Error::NotFound });
        }
    };
    if let Some(before) = read.avatar.key() {
        place.remove(before).await?;
    }
    item::user(&now)
}

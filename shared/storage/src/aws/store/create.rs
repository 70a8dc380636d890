//! Creating a user.

use domain::{Created, Error, Idempotency, NewUser};

use crate::aws::{
    calls::Calls,
    item::{self, Item},
    store::{began::Began, replace_avatar::kept},
    table::Put,
};

pub(super) async fn create(calls: &Calls, new: NewUser) -> Result<Created, Error> {
    let user = new.user();
    let (key, _) = new.avatar.of(user.id);
    let digest = new.avatar.image.digest;
    let item = item::of(&user, &key, &digest, calls.links.kept_url(&key), new.idempotency.as_ref());

    let began = Began::now();
    calls.bucket()?.put(&key, &new.avatar).await?;
    match calls.table.put(item).await? {
        Put::Done => kept(&began, calls, user, &new.avatar).await.map(Created::Now),
        // An earlier attempt of this call whose response was lost: only this call has this upload. The user
        // may have been renamed since.
        Put::Exists(own) if item::names(&own, &key) => {
            kept(&began, calls, item::user(&own)?, &new.avatar).await.map(Created::Now)
        }
        Put::Exists(other) => {
            // Its URL was never returned.
            let _ = calls.remove_image(&key).await;
            answer_to(new.idempotency.as_ref(), &other)
        }
    }
}

/// The result of this request if the user exists already.
fn answer_to(request: Option<&Idempotency>, existing: &Item) -> Result<Created, Error> {
    match request {
        Some(request) if item::optional(existing, item::IDEMPOTENCY_KEY) == Some(request.key.as_str()) => {
            if item::optional(existing, item::PAYLOAD_DIGEST) == Some(&request.payload.to_string()) {
                item::user(existing).map(Created::Before)
            } else {
                Err(Error::IdempotencyKeyReused)
            }
        }
        _ => Err(Error::EmailTaken),
    }
}

//! Creating a user.

use domain::{Created, Email, Error, Idempotency, NewUser, User, UserId};

use crate::aws::{
    aws_clients::AwsClients,
    item::{self, Item},
    store::{replace_avatar::ensure_image, start_time::StartTime},
    table::PutOutcome,
};

pub(super) async fn create(aws: &AwsClients, new: NewUser) -> Result<Created, Error> {
    let user = new.user();
    let (key, _) = new.avatar.for_user(user.id);
    let digest = new.avatar.image.digest;
    let item = item::of(&user, &key, &digest, aws.links.kept_url(&key), new.idempotency.as_ref());

    if let Some(former) = former(aws, &new.email).await? {
        // Where both exist, the one under today's id answers, as in other stores.
        let existing = aws.table.get(&user.id).await?.unwrap_or(former);
        return answer_to(new.idempotency.as_ref(), &existing);
    }
    let began = StartTime::now();
    aws.bucket()?.put(&key, &new.avatar).await?;
    match aws.table.put(item).await? {
        PutOutcome::Done => ensure_image(&began, aws, user, &new.avatar).await.map(Created::Now),
        // An earlier attempt of this call whose response was lost: only this call has this upload. The user
        // may have been renamed since.
        PutOutcome::Exists(own) if item::references(&own, &key) => {
            ensure_image(&began, aws, item::user(&own)?, &new.avatar).await.map(Created::Now)
        }
        PutOutcome::Exists(other) => {
            // Its URL was never returned.
            let _ = aws.remove_image(&key).await;
            answer_to(new.idempotency.as_ref(), &other)
        }
    }
}

/// What [`create`] would answer because the user exists already.
pub(super) async fn created(
    aws: &AwsClients,
    email: &Email,
    request: Option<&Idempotency>,
) -> Result<Option<User>, Error> {
    let existing = match aws.table.get(&UserId::of(email)).await? {
        None => former(aws, email).await?,
        existing => existing,
    };
    let Some(existing) = existing else { return Ok(None) };
    let (Created::Now(user) | Created::Before(user)) = answer_to(request, &existing)?;
    Ok(Some(user))
}

/// The user that an earlier release created for this e-mail, under an id by other rules. For almost every e-mail
/// this sends no request.
async fn former(aws: &AwsClients, email: &Email) -> Result<Option<Item>, Error> {
    for id in UserId::former(email) {
        if let Some(existing) = aws.table.get(&id).await? {
            return Ok(Some(existing));
        }
    }
    Ok(None)
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

//! Creating a user, with its image and its event.

use async_trait::async_trait;
use domain::{AvatarStored, Created, Error, Idempotency, Md5, NewUser, User};
use tokio_postgres::Row;

use crate::postgres::{
    events::stored::avatar_stored,
    row::{self, column, format_number, user_columns},
    transaction::{StepName, Transaction, Write},
};

pub(in crate::postgres) struct Create(pub(in crate::postgres) NewUser);

/// A user that exists already, with the request that created it.
pub(in crate::postgres) const EXISTING: &str =
    concat!("SELECT ", user_columns!(), ", idempotency_key, payload_digest FROM users WHERE id = $1");

#[async_trait]
impl Write for Create {
    type Output = Created;

    async fn run(&self, tx: &Transaction<'_>) -> Result<Created, Error> {
        let Self(new) = self;
        let user = new.user();
        // Of racing calls, the others wait here for the first.
        if !insert_user(tx, &user, new).await? {
            let existing = tx.row(StepName::FindUser, EXISTING, &[&&user.id.as_bytes()[..]]).await?;
            // Deleted in between: this is tried again.
            return answer_to(&existing.ok_or(Error::Throttled)?, new.idempotency.as_ref())
                .map(Created::Before);
        }
        let (key, _) = new.avatar.for_user(user.id);
        insert_image(tx, &key, &new.avatar.image.bytes).await?;
        avatar_stored(tx, &AvatarStored { key, trace_parent: new.avatar.trace_parent }).await?;
        Ok(Created::Now(user))
    }
}

/// What a create would answer because this user exists already.
pub(in crate::postgres) fn answer_to(existing: &Row, request: Option<&Idempotency>) -> Result<User, Error> {
    let (key, payload): (Option<&str>, Option<&[u8]>) = (column(existing, 9)?, column(existing, 10)?);
    match request {
        Some(request) if key == Some(request.key.as_str()) => {
            if payload == Some(&request.payload.as_bytes()[..]) {
                row::user(existing)
            } else {
                Err(Error::IdempotencyKeyReused)
            }
        }
        _ => Err(Error::EmailTaken),
    }
}

/// Stores the bytes of an image.
pub(super) async fn insert_image(
    tx: &Transaction<'_>,
    key: &domain::AvatarKey,
    bytes: &[u8],
) -> Result<(), Error> {
    let sql = "INSERT INTO images (upload, user_id, bytes) VALUES ($1, $2, $3)";
    let (upload, user) = (&key.upload.as_bytes()[..], &key.user.as_bytes()[..]);
    tx.execute(StepName::InsertImage, sql, &[&upload, &user, &bytes]).await.map(drop)
}

/// Whether the user was added: there was none.
async fn insert_user(tx: &Transaction<'_>, user: &User, new: &NewUser) -> Result<bool, Error> {
    let sql = "INSERT INTO users (id, name, email, upload, format, digest, version, created_at, updated_at, md5, \
               idempotency_key, payload_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
               ON CONFLICT (id) DO NOTHING";
    let md5 = Md5::of(&user.email);
    let request = new.idempotency.as_ref();
    let added = tx
        .execute(
            StepName::InsertUser,
            sql,
            &[
                &&user.id.as_bytes()[..],
                &user.name.as_str(),
                &user.email.as_str(),
                &&new.avatar.upload.as_bytes()[..],
                &format_number(new.avatar.image.format),
                &&new.avatar.image.digest.as_bytes()[..],
                &user.version.0.cast_signed(),
                &user.created_at.as_millisecond(),
                &user.updated_at.as_millisecond(),
                &&md5.as_bytes()[..],
                &request.map(|request| request.key.as_str()),
                &request.map(|request| &request.payload.as_bytes()[..]),
            ],
        )
        .await?;
    Ok(added == 1)
}

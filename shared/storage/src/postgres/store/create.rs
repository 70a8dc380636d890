//! Creating a user, with its image and its event.

use async_trait::async_trait;
use domain::{AvatarStored, Created, Error, Idempotency, Md5, NewUser, User, UserId};
use tokio_postgres::Row;

use super::image::{delete_image, insert_image_of_new_user};
use crate::{
    postgres::{
        events::stored::avatar_stored,
        row::{self, column, format_number, user_columns},
        transaction::{StepName, Transaction, Write},
    },
    sql::check_repeated,
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
        let (key, _) = new.avatar.for_user(user.id);
        // The image first, which takes longest: racing calls wait for the first from where it inserts the user.
        if !insert_image_of_new_user(tx, &key, &new.avatar.image.bytes).await? {
            return existing(tx, new).await;
        }
        if !insert_user(tx, &user, new).await? {
            delete_image(tx, &key.upload).await?;
            return existing(tx, new).await;
        }
        avatar_stored(tx, &AvatarStored { key, trace_parent: new.avatar.trace_parent }).await?;
        Ok(Created::Now(user))
    }
}

async fn existing(tx: &Transaction<'_>, new: &NewUser) -> Result<Created, Error> {
    let id = UserId::of(&new.email);
    let existing = tx.row(StepName::FindUser, EXISTING, &[&&id.as_bytes()[..]]).await?;
    // Deleted in between: this is tried again.
    answer_to(&existing.ok_or(Error::Throttled)?, new.idempotency.as_ref()).map(Created::Before)
}

/// What a create would answer because this user exists already.
pub(in crate::postgres) fn answer_to(existing: &Row, request: Option<&Idempotency>) -> Result<User, Error> {
    let (key, payload): (Option<&str>, Option<&[u8]>) = (column(existing, 9)?, column(existing, 10)?);
    check_repeated(request, key, payload)?;
    row::user(existing)
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

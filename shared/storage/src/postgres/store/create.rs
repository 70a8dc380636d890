//! Creating a user, with its image and its event.

use async_trait::async_trait;
use domain::{AvatarStored, Created, Email, EmailHashes, Error, Idempotency, NewUser, User, UserId};
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

/// A user that exists already, with the request that created it: by the id, by the one that an e-mail of an earlier
/// release has today, or by those that an earlier release may have given it.
pub(in crate::postgres) const EXISTING: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", idempotency_key, payload_digest FROM users WHERE id = $1 OR other_id = $1 OR id = ANY($2) \
     ORDER BY id = $1 DESC LIMIT 1"
);

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
    let (id, former) = (UserId::of(&new.email), former(&new.email));
    let existing = tx.row(StepName::FindUser, EXISTING, &[&&id.as_bytes()[..], &former]).await?;
    // Deleted in between: this is tried again.
    answer_to(&existing.ok_or(Error::Throttled)?, new.idempotency.as_ref()).map(Created::Before)
}

/// The ids that an earlier release may have given this e-mail.
pub(in crate::postgres) fn former(email: &Email) -> Vec<Vec<u8>> {
    UserId::former(email).iter().map(|id| id.as_bytes().to_vec()).collect()
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
               idempotency_key, payload_digest, other_id, other_md5) \
               SELECT $1::bytea, $2::text, $3::text, $4::bytea, $5::smallint, $6::bytea, $7::bigint, $8::bigint, \
               $9::bigint, $10::bytea, $11::text, $12::bytea, $13::bytea, $14::bytea \
               WHERE NOT EXISTS (SELECT 1 FROM users WHERE other_id = $1 OR id = ANY($15)) \
               ON CONFLICT (id) DO NOTHING";
    let EmailHashes { md5, other } = EmailHashes::of(&user.id, &user.email);
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
                &other.as_ref().map(|(id, _)| &id.as_bytes()[..]),
                &other.as_ref().map(|(_, md5)| &md5.as_bytes()[..]),
                &former(&user.email),
            ],
        )
        .await?;
    Ok(added == 1)
}

//! Creating a user, with its image and its event.

use domain::{
    AvatarKey, AvatarStored, Created, Digest, Email, EmailHashes, Error, Idempotency, NewUser, User, UserId,
};

use rusqlite::{Connection, Row};

use crate::{
    sql::check_repeated,
    sqlite::{
        events::stored::avatar_stored,
        reads,
        row::{self, column, format_number, user_columns},
        transaction::{StepName, Transaction},
    },
};

pub(in crate::sqlite) fn create(tx: &Transaction<'_>, new: &NewUser) -> Result<Created, Error> {
    let user = new.user();
    for id in ids_of(&new.email) {
        let existing = tx.query(StepName::FindUser, EXISTING, [id.as_bytes()], Existing::read)?;
        if let Some(existing) = existing {
            return existing.answer_to(new.idempotency.as_ref());
        }
    }
    let (key, _) = new.avatar.for_user(user.id);
    let image = insert_image(tx, &new.avatar.image.bytes)?;
    insert_user(
        tx,
        &user,
        &StoredImage { key, digest: new.avatar.image.digest, image },
        new.idempotency.as_ref(),
    )?;
    avatar_stored(tx, &AvatarStored { key, trace_parent: new.avatar.trace_parent }, user.created_at)?;
    Ok(Created::Now(user))
}

/// What [`create`] would answer because the user exists already.
pub(in crate::sqlite) fn created(
    connection: &Connection,
    email: &Email,
    request: Option<&Idempotency>,
) -> Result<Option<User>, Error> {
    for id in ids_of(email) {
        let existing = reads::query_optional(connection, EXISTING, [id.as_bytes()], Existing::read)?;
        if let Some(existing) = existing {
            let (Created::Now(user) | Created::Before(user)) = existing.answer_to(request)?;
            return Ok(Some(user));
        }
    }
    Ok(None)
}

/// The ids that a user with this e-mail can have.
fn ids_of(email: &Email) -> impl Iterator<Item = UserId> {
    [UserId::of(email)].into_iter().chain(UserId::former(email))
}

/// Stores the bytes of an image; returns its row id.
pub(super) fn insert_image(tx: &Transaction<'_>, bytes: &[u8]) -> Result<i64, Error> {
    tx.execute(StepName::InsertImage, "INSERT INTO images (bytes) VALUES (?)", [bytes])?;
    Ok(tx.connection().last_insert_rowid())
}

/// A user that exists already, with the request that created it.
struct Existing {
    user: User,
    key: Option<String>,
    payload: Option<[u8; 32]>,
}

/// By the id, or by the one that an e-mail of an earlier release has today.
const EXISTING: &str = concat!(
    "SELECT ",
    user_columns!(),
    ", idempotency_key, payload_digest FROM users WHERE id = ?1 UNION ALL SELECT ",
    user_columns!(),
    ", idempotency_key, payload_digest FROM users WHERE other_id = ?1 LIMIT 1"
);

impl Existing {
    fn read(row: &Row<'_>) -> Result<Self, Error> {
        Ok(Self { user: row::user(row)?, key: column(row, 9)?, payload: column(row, 10)? })
    }

    fn answer_to(self, request: Option<&Idempotency>) -> Result<Created, Error> {
        check_repeated(request, self.key.as_deref(), self.payload.as_ref().map(<[u8; 32]>::as_slice))?;
        Ok(Created::Before(self.user))
    }
}

/// Where an image is kept.
struct StoredImage {
    key: AvatarKey,
    digest: Digest,
    image: i64,
}

fn insert_user(
    tx: &Transaction<'_>,
    user: &User,
    avatar: &StoredImage,
    idempotency: Option<&Idempotency>,
) -> Result<(), Error> {
    let sql = "INSERT INTO users (id, name, email, upload, format, digest, image, version, created_at, updated_at, \
               md5, idempotency_key, payload_digest, other_id, other_md5) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let EmailHashes { md5, other } = EmailHashes::of(&user.id, &user.email);
    let params = rusqlite::params![
        user.id.as_bytes(),
        user.name.as_str(),
        user.email.as_str(),
        avatar.key.upload.as_bytes(),
        format_number(avatar.key.format),
        avatar.digest.as_bytes(),
        avatar.image,
        user.version.0.cast_signed(),
        user.created_at.as_millisecond(),
        user.updated_at.as_millisecond(),
        md5.as_bytes(),
        idempotency.map(|request| request.key.as_str()),
        idempotency.map(|request| request.payload.as_bytes()),
        other.as_ref().map(|(id, _)| id.as_bytes()),
        other.as_ref().map(|(_, md5)| md5.as_bytes()),
    ];
    tx.execute(StepName::InsertUser, sql, params).map(drop)
}

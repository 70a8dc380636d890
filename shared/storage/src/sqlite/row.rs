//! From rows to the domain.

use domain::{
    Avatar, AvatarKey, Digest, DisplayName, Email, Error, ListedAvatar, ListedUser, Timestamp, UploadId,
    User, UserId, Version,
};
use rusqlite::{Row, types::FromSql};

use super::error;
pub(super) use crate::sql::{format, format_number};

/// The columns of [`user`], in its order.
macro_rules! user_columns {
    () => {
        "id, name, email, upload, format, digest, version, created_at, updated_at"
    };
}
pub(super) use user_columns;

/// A row of [`user_columns`].
pub(super) fn user(row: &Row<'_>) -> Result<User, Error> {
    let (ListedUser { name, email, avatar }, id) = listed(row)?;
    Ok(User {
        id,
        name: DisplayName::from_store(name.to_owned()),
        email: Email::from_store(email.to_owned()),
        avatar: match avatar {
            ListedAvatar::Kept(key) => Avatar::Kept { key, digest: Digest::from_bytes(column(row, 5)?) },
            _ => Avatar::Generated,
        },
        version: Version(column::<i64>(row, 6)?.cast_unsigned()),
        created_at: time(column(row, 7)?)?,
        updated_at: time(column(row, 8)?)?,
    })
}

/// A row that begins with id, name, email, upload and format.
pub(super) fn listed<'row>(row: &'row Row<'_>) -> Result<(ListedUser<'row>, UserId), Error> {
    let user = UserId::from_bytes(column(row, 0)?);
    let avatar = match column::<Option<[u8; 16]>>(row, 3)? {
        Some(upload) => ListedAvatar::Kept(AvatarKey {
            user,
            upload: UploadId::from_bytes(upload),
            format: format(column(row, 4)?)?,
        }),
        None => ListedAvatar::Generated(user),
    };
    Ok((ListedUser { name: text(row, 1)?, email: text(row, 2)?, avatar }, user))
}

pub(super) fn column<T: FromSql>(row: &Row<'_>, index: usize) -> Result<T, Error> {
    row.get(index).map_err(error::of)
}

/// Text, or text as a blob: `SQLite` copies what it returns as text, to end it with a zero byte.
fn text<'row>(row: &'row Row<'_>, index: usize) -> Result<&'row str, Error> {
    let bytes = row.get_ref(index).map_err(error::of)?.as_bytes().map_err(Error::damaged)?;
    std::str::from_utf8(bytes).map_err(Error::damaged)
}

pub(super) fn time(ms: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(ms).map_err(Error::damaged)
}

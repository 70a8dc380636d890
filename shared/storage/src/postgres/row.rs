//! From rows to the domain.

use domain::{
    Avatar, AvatarKey, Digest, DisplayName, Email, Error, ListedAvatar, ListedUser, Timestamp, UploadId,
    User, UserId, Version,
};
use tokio_postgres::{Row, types::FromSql};

use super::error;
pub(super) use crate::sql::{format, format_number};

/// The columns of [`user`], in its order.
macro_rules! user_columns {
    () => {
        "id, name, email, upload, format, digest, version, created_at, updated_at"
    };
}
pub(super) use user_columns;

/// Milliseconds since the epoch, by the clock of the server: it is the same for all processes. It is constant in a
/// statement, so that an index finds what is due.
macro_rules! now {
    () => {
        "(extract(epoch FROM statement_timestamp()) * 1000)::bigint"
    };
}
pub(super) use now;

/// A row of [`user_columns`].
pub(super) fn user(row: &Row) -> Result<User, Error> {
    let (ListedUser { name, email, avatar }, id) = listed(row)?;
    Ok(User {
        id,
        name: DisplayName::from_store(name.to_owned()),
        email: Email::from_store(email.to_owned()),
        avatar: match avatar {
            ListedAvatar::Kept(key) => Avatar::Kept { key, digest: Digest::from_bytes(bytes(row, 5)?) },
            _ => Avatar::Generated,
        },
        version: Version(column::<i64>(row, 6)?.cast_unsigned()),
        created_at: time(column(row, 7)?)?,
        updated_at: time(column(row, 8)?)?,
    })
}

/// A row that begins with id, name, email, upload and format.
pub(super) fn listed(row: &Row) -> Result<(ListedUser<'_>, UserId), Error> {
    let user = UserId::from_bytes(bytes(row, 0)?);
    let avatar = match upload(row, 3)? {
        Some(upload) => ListedAvatar::Kept(AvatarKey { user, upload, format: format(column(row, 4)?)? }),
        None => ListedAvatar::Generated(user),
    };
    Ok((ListedUser { name: column(row, 1)?, email: column(row, 2)?, avatar }, user))
}

pub(super) fn upload(row: &Row, index: usize) -> Result<Option<UploadId>, Error> {
    let found: Option<&[u8]> = column(row, index)?;
    found.map(|found| Ok(UploadId::from_bytes(found.try_into().map_err(Error::damaged)?))).transpose()
}

/// As many bytes as expected.
pub(super) fn bytes<const N: usize>(row: &Row, index: usize) -> Result<[u8; N], Error> {
    column::<&[u8]>(row, index)?.try_into().map_err(Error::damaged)
}

pub(super) fn column<'row, T: FromSql<'row>>(row: &'row Row, index: usize) -> Result<T, Error> {
    row.try_get(index).map_err(error::of)
}

pub(super) fn time(ms: i64) -> Result<Timestamp, Error> {
    Timestamp::from_millisecond(ms).map_err(Error::damaged)
}

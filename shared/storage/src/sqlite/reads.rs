//! The reads. Each is one statement, and so sees one state of the store.

use bytes::Bytes;
use domain::{AvatarKey, Cursor, Digest, Environment, Error, Image, Md5, Page, User, UserId};
use rusqlite::{Connection, Params, Row};

use super::{
    error,
    row::{self, column, user_columns},
};

pub(super) fn get(connection: &Connection, id: &UserId) -> Result<User, Error> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = ?");
    one(connection, sql, [id.as_bytes()], row::user)?.ok_or(Error::NotFound)
}

pub(super) fn find(connection: &Connection, md5: &Md5) -> Result<User, Error> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE md5 = ? LIMIT 1");
    one(connection, sql, [md5.as_bytes()], row::user)?.ok_or(Error::NotFound)
}

pub(super) fn list(connection: &Connection, after: Option<&Cursor>, limit: usize) -> Result<Page, Error> {
    let sql = "SELECT id, CAST(name AS BLOB), CAST(email AS BLOB), upload, format FROM users \
               WHERE id > ? ORDER BY id LIMIT ?";
    let after: &[u8] = match after {
        // Every id is greater than no bytes.
        None => &[],
        Some(Cursor::User(id)) => id.as_bytes(),
        // Another store's: a place in the order all the same.
        Some(Cursor::Other(key)) => key.as_bytes(),
    };
    let mut statement = connection.prepare_cached(sql).map_err(error::of)?;
    let mut rows = statement.query((after, limit.cast_signed())).map_err(error::of)?;
    let mut page = Page::with_capacity(limit);
    let mut last = None;
    while let Some(row) = rows.next().map_err(error::of)? {
        let (user, key) = row::listed(row)?;
        page.push(user);
        last = Some(key.user);
    }
    // A full page may have been the last: then the next one is empty.
    page.next = last.filter(|_| page.users().len() == limit).map(Cursor::User);
    Ok(page)
}

pub(super) fn image(connection: &Connection, key: &AvatarKey) -> Result<Image, Error> {
    let sql = "SELECT users.digest, images.bytes FROM users JOIN images ON images.id = users.image \
               WHERE users.id = ? AND users.upload = ? AND users.format = ?";
    let params = (key.user.as_bytes(), key.upload.as_bytes(), row::format_number(key.format));
    let image = one(connection, sql, params, |row| {
        let bytes = row.get_ref(1).map_err(error::of)?.as_blob().map_err(Error::damaged)?;
        let digest = Digest::from_bytes(column(row, 0)?);
        Ok(Image { format: key.format, bytes: Bytes::copy_from_slice(bytes), digest })
    })?;
    image.ok_or(Error::NotFound)
}

/// Whose data it is. Reads a page of the file, whether or not there are users.
pub(super) fn check(connection: &Connection) -> Result<Option<Environment>, Error> {
    let sql = "SELECT (SELECT name FROM environment), (SELECT 1 FROM users LIMIT 1)";
    let name = one(connection, sql, [], |row| column::<Option<String>>(row, 0))?.flatten();
    name.map(|name| name.parse().map_err(Error::damaged)).transpose()
}

/// The row that a statement answers, where there is one.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(error::of)?;
    let mut rows = statement.query(params).map_err(error::of)?;
    rows.next().map_err(error::of)?.map(read).transpose()
}

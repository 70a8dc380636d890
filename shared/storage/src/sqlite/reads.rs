//! The reads. Each is one statement or one transaction, and so sees one state of the store.

use bytes::{Bytes, BytesMut};
use domain::{
    AvatarKey, Cursor, Digest, EmailHash, Environment, Error, Image, ImageFormat, OpenImage, Page,
    QueueDepth, RenditionKey, Timestamp, User, UserId,
};
use rusqlite::{Connection, Params, Row};

use super::{
    error,
    events::statements::{LONGEST_DELAY, after},
    row::{self, column, user_columns},
};

pub(super) fn get(connection: &Connection, id: &UserId) -> Result<User, Error> {
    let sql = concat!("SELECT ", user_columns!(), " FROM users WHERE id = ?");
    query_optional(connection, sql, [id.as_bytes()], row::user)?.ok_or(Error::NotFound)
}

/// The user of whose own form it is the hash comes first.
pub(super) fn find(connection: &Connection, hash: &EmailHash) -> Result<User, Error> {
    let sql = match hash {
        EmailHash::Sha256(_) => concat!(
            "SELECT ",
            user_columns!(),
            " FROM users WHERE id = ?1 UNION ALL SELECT ",
            user_columns!(),
            " FROM users WHERE other_id = ?1 LIMIT 1"
        ),
        EmailHash::Md5(_) => concat!(
            "SELECT ",
            user_columns!(),
            " FROM users WHERE md5 = ?1 UNION ALL SELECT ",
            user_columns!(),
            " FROM users WHERE other_md5 = ?1 LIMIT 1"
        ),
    };
    query_optional(connection, sql, [hash.as_bytes()], row::user)?.ok_or(Error::NotFound)
}

pub(super) fn list(connection: &Connection, after: Option<&Cursor>, limit: usize) -> Result<Page, Error> {
    let sql = "SELECT id, CAST(name AS BLOB), CAST(email AS BLOB), upload, format FROM users \
               WHERE id > ? ORDER BY id LIMIT ?";
    let after: &[u8] = match after {
        // Every id is greater than no bytes.
        None => &[],
        Some(Cursor::User(id)) => id.as_bytes(),
        // From another store, but still a position in the order.
        Some(Cursor::Other(key)) => key.as_bytes(),
    };
    let mut statement = connection.prepare_cached(sql).map_err(error::of)?;
    let mut rows = statement.query((after, limit.cast_signed())).map_err(error::of)?;
    let mut page = Page::with_capacity(limit);
    let mut last = None;
    while let Some(row) = rows.next().map_err(error::of)? {
        let (user, id) = row::listed(row)?;
        page.push(user);
        last = Some(id);
    }
    // A full page may have been the last: then the next one is empty.
    page.next = last.filter(|_| page.users().len() == limit).map(Cursor::User);
    Ok(page)
}

pub(super) fn image(connection: &Connection, key: &AvatarKey) -> Result<Image, Error> {
    let sql = "SELECT users.digest, images.bytes FROM users JOIN images ON images.id = users.image \
               WHERE users.id = ? AND users.upload = ? AND users.format = ?";
    let params = (key.user.as_bytes(), key.upload.as_bytes(), row::format_number(key.format));
    read_image(connection, sql, params, key.format)
}

/// Digest and length of an image, and its bytes if they are one piece.
pub(super) fn open_image(
    connection: &Connection,
    key: &AvatarKey,
) -> Result<(Digest, usize, Option<Bytes>), Error> {
    let sql = "SELECT users.digest, length(images.bytes), CASE WHEN length(images.bytes) <= ? THEN images.bytes END \
               FROM users JOIN images ON images.id = users.image \
               WHERE users.id = ? AND users.upload = ? AND users.format = ?";
    let one_piece = OpenImage::PIECE_BYTES.cast_signed();
    let format = row::format_number(key.format);
    let params = (one_piece, key.user.as_bytes(), key.upload.as_bytes(), format);
    let opened = query_optional(connection, sql, params, |row| {
        let length = usize::try_from(column::<i64>(row, 1)?).map_err(Error::damaged)?;
        let bytes = row.get_ref(2).map_err(error::of)?.as_blob_or_null().map_err(Error::damaged)?;
        Ok((Digest::from_bytes(column(row, 0)?), length, bytes.map(Bytes::copy_from_slice)))
    })?;
    opened.ok_or(Error::NotFound)
}

/// Some bytes of an image from `start` on. In a transaction: the id of a removed image is used again.
pub(super) fn piece(
    connection: &Connection,
    key: &AvatarKey,
    start: usize,
    most: usize,
) -> Result<Bytes, Error> {
    let transaction = connection.unchecked_transaction().map_err(error::of)?;
    let sql = "SELECT image FROM users WHERE id = ? AND upload = ? AND format = ?";
    let params = (key.user.as_bytes(), key.upload.as_bytes(), row::format_number(key.format));
    let id =
        query_optional(&transaction, sql, params, |row| column::<i64>(row, 0))?.ok_or(Error::NotFound)?;
    let blob = transaction.blob_open(c"main", c"images", c"bytes", id, true).map_err(error::of)?;
    let mut bytes = BytesMut::zeroed(most.min(blob.len().saturating_sub(start)));
    blob.read_at_exact(&mut bytes, start).map_err(error::of)?;
    if bytes.is_empty() {
        Err(Error::damaged("an image is shorter than its length"))
    } else {
        Ok(bytes.freeze())
    }
}

pub(super) fn rendition(connection: &Connection, key: &RenditionKey) -> Result<Image, Error> {
    let sql =
        "SELECT digest, bytes FROM renditions WHERE user = ? AND upload = ? AND size = ? AND format = ?";
    let format = row::format_number(key.format);
    let params = (key.user.as_bytes(), key.upload.as_bytes(), key.size.pixels(), format);
    read_image(connection, sql, params, key.format)
}

/// The image of the row that `sql` finds: its digest, then its bytes.
fn read_image(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    format: ImageFormat,
) -> Result<Image, Error> {
    let image = query_optional(connection, sql, params, |row| {
        let bytes = row.get_ref(1).map_err(error::of)?.as_blob().map_err(Error::damaged)?;
        let digest = Digest::from_bytes(column(row, 0)?);
        Ok(Image { format, bytes: Bytes::copy_from_slice(bytes), digest })
    })?;
    image.ok_or(Error::NotFound)
}

/// When the next event may be delivered, in milliseconds since the epoch. One that is hidden for longer than any is was
/// written by a clock that has been set back since: it may be delivered now.
pub(super) fn next_event(connection: &Connection, now: Timestamp) -> Result<Option<i64>, Error> {
    let sql = "SELECT (SELECT min(visible_at) FROM events), (SELECT max(visible_at) FROM events)";
    let times =
        query_optional(connection, sql, [], |row| Ok((column(row, 0)?, column::<Option<i64>>(row, 1)?)))?;
    let Some((first, last)) = times else { return Ok(None) };
    let is_astray = last.is_some_and(|last| last > after(now, LONGEST_DELAY));
    Ok(if is_astray { Some(0) } else { first })
}

pub(super) fn depth(connection: &Connection, now: Timestamp) -> Result<QueueDepth, Error> {
    // All but the first are read from an index or its end; counting a million events takes some 5 ms.
    let sql = "SELECT (SELECT count(*) FROM events), \
               (SELECT count(*) FROM events WHERE visible_at > ? AND is_handed_out), \
               (SELECT count(*) FROM dead_letters), (SELECT created_at FROM events ORDER BY id LIMIT 1)";
    let depth = query_optional(connection, sql, [now.as_millisecond()], |row| {
        let (all, in_progress) = (column::<i64>(row, 0)?, column::<i64>(row, 1)?);
        Ok(QueueDepth {
            waiting: (all - in_progress).cast_unsigned(),
            in_progress: in_progress.cast_unsigned(),
            dead: column::<i64>(row, 2)?.cast_unsigned(),
            oldest: column::<Option<i64>>(row, 3)?.map(row::time).transpose()?,
        })
    })?;
    Ok(depth.unwrap_or_default())
}

/// The environment of the store. Reads a page of the file even if there are no users.
pub(super) fn check(connection: &Connection) -> Result<Option<Environment>, Error> {
    let sql = "SELECT (SELECT name FROM environment), (SELECT 1 FROM users LIMIT 1)";
    let name = query_optional(connection, sql, [], |row| column::<Option<String>>(row, 0))?.flatten();
    name.map(|name| name.parse().map_err(Error::damaged)).transpose()
}

/// All rows that a statement returns.
pub(super) fn query_all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, Error>,
) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    query_each(connection, sql, params, |row| {
        found.push(read(row)?);
        Ok(())
    })?;
    Ok(found)
}

/// Every row that a statement returns, in turn.
pub(super) fn query_each(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(sql).map_err(error::of)?;
    let mut rows = statement.query(params).map_err(error::of)?;
    while let Some(row) = rows.next().map_err(error::of)? {
        read(row)?;
    }
    Ok(())
}

/// The row that a statement returns, if there is one.
pub(super) fn query_optional<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    let mut statement = connection.prepare_cached(sql).map_err(error::of)?;
    let mut rows = statement.query(params).map_err(error::of)?;
    rows.next().map_err(error::of)?.map(read).transpose()
}

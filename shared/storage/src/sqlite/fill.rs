//! Many users at once, for benchmarks.

use std::path::Path;

use bytes::Bytes;
use domain::{DisplayName, Email, Image, ImageFormat, NewAvatar, NewUser, Rendition, Size, Timestamp};
use rusqlite::Connection;

use super::{
    create, file,
    store::{create as create_user, renditions},
    transaction::Transaction,
};
use crate::{faults::Faults, sqlite::open_error::OpenError};

/// Users in one transaction.
const GROUP: usize = 50_000;

/// A white pixel.
const IMAGE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9b\x55\
    \0\0\0\nIDATx\xdac\xf8\x0f\0\x01\x01\x01\0\x1c\xb0\x8c\x99\0\0\0\0IEND\xaeB`\x82";

/// Creates the database if there is none and adds the users `0` to `count - 1`, each with an image of 67
/// bytes and without an event, as if the worker had processed it. Not durable before it returns, and not for
/// a file in use.
///
/// # Errors
/// As for [`connect`](crate::connect()); also for users that exist already.
pub fn fill(path: &Path, count: usize) -> Result<(), OpenError> {
    fill_each(path, count, &[])
}

/// The same, each with the renditions of a new image.
///
/// # Errors
/// As for [`fill`].
pub fn fill_with_renditions(path: &Path, count: usize) -> Result<(), OpenError> {
    let formats = [ImageFormat::Webp, ImageFormat::Png];
    let of_size = |size| formats.map(|format| Rendition { size, image: Image { format, ..image() } });
    fill_each(path, count, &Size::EAGER.into_iter().flat_map(of_size).collect::<Vec<_>>())
}

fn fill_each(path: &Path, count: usize, renditions: &[Rendition]) -> Result<(), OpenError> {
    let path = file::resolve(path)?;
    if file::inspect(&path)? == file::FileContent::Nothing {
        create::create(&path, None)?;
    }
    add(&path, count, renditions)
        .map_err(|error| OpenError::Io { file: path, why: std::io::Error::other(error) })
}

fn image() -> Image {
    Image::new(ImageFormat::Png, Bytes::from_static(IMAGE))
}

fn add(
    path: &Path,
    count: usize,
    renditions: &[Rendition],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let connection = Connection::open(path)?;
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -262144")?;
    let faults = Faults::default();
    let tx = Transaction::new(&connection, &faults);
    let image = image();
    let last_event =
        connection.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get::<_, i64>(0))?;
    for first in (0..count).step_by(GROUP) {
        connection.execute_batch("BEGIN")?;
        // In the order of the table, so that a group touches each page once.
        let mut users =
            (first..count.min(first + GROUP)).map(|n| user(n, &image)).collect::<Result<Vec<_>, _>>()?;
        users.sort_unstable_by_key(|new| new.user().id);
        for new in users {
            create_user::create(&tx, &new)?;
            renditions::keep_renditions(&tx, &new.avatar.for_user(new.user().id).0, renditions)?;
        }
        connection.execute("DELETE FROM events WHERE id > ?", [last_event])?;
        connection.execute_batch("COMMIT")?;
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

fn user(n: usize, image: &Image) -> Result<NewUser, domain::FieldError> {
    Ok(NewUser {
        name: DisplayName::parse(&format!("User {n}"))?,
        email: Email::parse(&format!("user{n}@example.org"))?,
        avatar: NewAvatar::new(image.clone(), None),
        created_at: Timestamp::UNIX_EPOCH,
        idempotency: None,
    })
}

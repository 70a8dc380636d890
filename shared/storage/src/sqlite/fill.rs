//! Many users at once, for benchmarks.

use std::path::Path;

use bytes::Bytes;
use domain::{
    DisplayName, Email, FieldError, Image, ImageFormat, NewAvatar, NewUser, Rendition, Size, Timestamp,
    UserId,
};
use rusqlite::Connection;

use super::{
    create, file,
    store::{create as create_user, renditions},
    transaction::Transaction,
};
use crate::{faults::Faults, sqlite::open_error::OpenError};

/// Each adds its share of the users in the order of the table: so it touches each page once, and the pages fill
/// up as with users that come in no order.
const PASSES: usize = 8;

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
    fill_with(path, count, &pixel(), &[])
}

/// The same, each with the renditions of a new image.
///
/// # Errors
/// As for [`fill`].
pub fn fill_with_renditions(path: &Path, count: usize) -> Result<(), OpenError> {
    let formats = [ImageFormat::Webp, ImageFormat::Png];
    let of_size = |size| formats.map(|format| Rendition { size, image: Image { format, ..pixel() } });
    let renditions: Vec<_> = Size::EAGER.into_iter().flat_map(of_size).collect();
    fill_with(path, count, &pixel(), &renditions)
}

/// The same, each with this image and these renditions.
///
/// # Errors
/// As for [`fill`].
pub fn fill_with(
    path: &Path,
    count: usize,
    image: &Image,
    renditions: &[Rendition],
) -> Result<(), OpenError> {
    let path = file::resolve(path)?;
    if file::inspect(&path)? == file::FileContent::Nothing {
        create::create(&path, None)?;
    }
    add(&path, count, image, renditions)
        .map_err(|error| OpenError::Io { file: path, why: std::io::Error::other(error) })
}

fn pixel() -> Image {
    Image::new(ImageFormat::Png, Bytes::from_static(IMAGE))
}

fn add(
    path: &Path,
    count: usize,
    image: &Image,
    renditions: &[Rendition],
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let connection = Connection::open(path)?;
    // The index by MD5, which no pass walks in its order, fits into it.
    connection.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -1048576")?;
    let faults = Faults::default();
    let tx = Transaction::new(&connection, &faults);
    let last_event =
        connection.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get::<_, i64>(0))?;
    for pass in 0..PASSES {
        connection.execute_batch("BEGIN")?;
        let users = (pass..count).step_by(PASSES).map(|n| Ok((UserId::of(&email(n)?), n)));
        let mut users = users.collect::<Result<Vec<_>, FieldError>>()?;
        users.sort_unstable();
        for (id, n) in users {
            let new = user(n, image)?;
            create_user::create(&tx, &new)?;
            renditions::keep_renditions(&tx, &new.avatar.for_user(id).0, renditions)?;
        }
        connection.execute("DELETE FROM events WHERE id > ?", [last_event])?;
        connection.execute_batch("COMMIT")?;
    }
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")?;
    Ok(())
}

fn email(n: usize) -> Result<Email, FieldError> {
    Email::parse(&format!("user{n}@example.org"))
}

fn user(n: usize, image: &Image) -> Result<NewUser, FieldError> {
    Ok(NewUser {
        name: DisplayName::parse(&format!("User {n}"))?,
        id: UserId::of(&email(n)?),
        email: email(n)?,
        avatar: NewAvatar::new(image.clone(), None),
        created_at: Timestamp::UNIX_EPOCH,
        idempotency: None,
    })
}

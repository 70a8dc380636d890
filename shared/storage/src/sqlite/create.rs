//! Creating a database.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use domain::Environment;
use rusqlite::{Connection, OpenFlags};

use super::{error, file::sibling, migrations, pragma};
use crate::sqlite::open_error::OpenError;

/// Large enough that 50 users share a page and an image has few, small enough that one write is cheap.
const PAGE_BYTES: i64 = 8192;

/// Builds the whole database in a sibling file and then renames it: whatever happens, at `path` is nothing or
/// a complete database. The caller holds the serve lock.
pub(super) fn create(path: &Path, environment: Option<&Environment>) -> Result<(), OpenError> {
    let draft = sibling(path, "-new");
    write_draft(&draft).map_err(|why| OpenError::Io { file: draft.clone(), why })?;
    build(&draft, environment).map_err(|source| error::on_open(&draft, &source))?;
    publish(&draft, path).map_err(|why| OpenError::Io { file: path.to_owned(), why })
}

/// Creates an empty file that only its owner can read, since it will hold personal data. `SQLite` gives its
/// siblings the same mode.
fn write_draft(draft: &Path) -> io::Result<()> {
    for left_over in
        [draft.to_owned(), sibling(draft, "-journal"), sibling(draft, "-wal"), sibling(draft, "-shm")]
    {
        match fs::remove_file(left_over) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    File::options().write(true).create_new(true).mode(0o600).open(draft).map(drop)
}

fn build(draft: &Path, environment: Option<&Environment>) -> rusqlite::Result<()> {
    let mut connection = Connection::open_with_flags(draft, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    pragma::set(&connection, "page_size", PAGE_BYTES)?;
    migrations::migrate(&mut connection)?;
    if let Some(environment) = environment {
        connection.execute("INSERT INTO environment (name) VALUES (?)", [environment.as_str()])?;
    }
    // After the first commit: application id and version are then in the main file, not in a log beside it.
    pragma::write_ahead(&connection)?;
    connection.close().map_err(|(_, error)| error)
}

fn publish(draft: &Path, path: &Path) -> io::Result<()> {
    File::open(draft)?.sync_all()?;
    fs::rename(draft, path)?;
    let folder = path.parent().expect("the path is absolute and names a file");
    File::open(folder)?.sync_all()
}

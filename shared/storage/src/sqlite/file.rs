//! The header of a file, read before `SQLite` may touch it.
//!
//! `SQLite` writes to what it opens: it recovers a log, adds `-wal` and `-shm`, changes a header. A file that
//! is not ours must stay unchanged, so the header is read first.

use std::{
    ffi::OsString,
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use super::migrations::{APPLICATION_ID, VERSION};
use crate::sqlite::open_error::OpenError;

const WAL: &str = "-wal";

/// Files with pages that are not in the main file yet: in WAL mode, and outside it.
const LOGS: [&str; 2] = [WAL, "-journal"];

/// What is at the path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FileContent {
    /// Nothing, or an empty file.
    Nothing,
    /// A database of Roster with a schema that this program knows.
    Database,
}

/// The path with every link resolved, so that one database has one lock however it is named.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |why| OpenError::Io { file: path.to_owned(), why };
    match fs::canonicalize(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other.map_err(failed),
    }
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::IsADirectory.into()))?;
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let folder = fs::canonicalize(folder).map_err(|why| OpenError::Io { file: path.to_owned(), why })?;
    Ok(folder.join(name))
}

/// The file beside it with this suffix.
pub(super) fn sibling(file: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(suffix);
    name.into()
}

/// Inspects the file without changing anything.
///
/// Closing it would drop the locks of a connection that this process has to the same file: inspect before
/// opening one.
pub(super) fn inspect(path: &Path) -> Result<FileContent, OpenError> {
    let file = || path.to_owned();
    let failed = |why| OpenError::Io { file: path.to_owned(), why };
    let broken = |why: &str| OpenError::Broken { file: file(), why: why.to_owned() };

    let mut header = Vec::with_capacity(Header::BYTES);
    let length = match fs::File::open(path) {
        Ok(mut opened) => {
            let metadata = opened.metadata().map_err(failed)?;
            if metadata.is_dir() {
                return Err(failed(io::ErrorKind::IsADirectory.into()));
            }
            opened.by_ref().take(Header::BYTES as u64).read_to_end(&mut header).map_err(failed)?;
            metadata.len()
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        Err(error) => return Err(failed(error)),
    };
    let left = LOGS.into_iter().find(|suffix| is_filled(&sibling(path, suffix)));
    if length == 0 {
        // A new database would replay the old one's log, and be damaged by it.
        return match left {
            Some(suffix) => Err(broken(&format!("it is empty or missing, but its {suffix} is not"))),
            None => Ok(FileContent::Nothing),
        };
    }
    let header = Header::read(&header).ok_or_else(|| OpenError::Foreign { file: file() })?;
    if header.application_id != APPLICATION_ID {
        return Err(OpenError::Foreign { file: file() });
    }
    if header.user_version > VERSION {
        return Err(OpenError::TooNew { file: file(), found: header.user_version, known: VERSION });
    }
    // With a log beside it, some pages may not be in the file yet.
    if left.is_none() && length < header.length {
        return Err(broken("it is truncated"));
    }
    Ok(FileContent::Database)
}

/// Whether the log beside it is not empty.
pub(super) fn has_log(path: &Path) -> bool {
    is_filled(&sibling(path, WAL))
}

fn is_filled(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

/// The parts of `SQLite`'s header that matter here
/// (<https://www.sqlite.org/fileformat.html#the_database_header>).
struct Header {
    length: u64,
    user_version: i64,
    application_id: i32,
}

impl Header {
    const BYTES: usize = 100;

    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < Self::BYTES || !bytes.starts_with(b"SQLite format 3\0") {
            return None;
        }
        let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let page_bytes = match u16::from_be_bytes([bytes[16], bytes[17]]) {
            1 => 65_536,
            bytes => u64::from(bytes),
        };
        Some(Self {
            length: page_bytes * u64::from(number(28)),
            user_version: i64::from(number(60).cast_signed()),
            application_id: number(68).cast_signed(),
        })
    }
}

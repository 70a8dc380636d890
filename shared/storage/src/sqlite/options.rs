//! The settings of this store.

use std::path::PathBuf;

use super::activity::Activity;
use crate::config::{ConfigError, Settings};

/// What selects this store.
pub(crate) const EXPECTED: &str = "sqlite:FILE, such as sqlite:roster.db";

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file; beside it are `-wal` and `-shm` while it is open, `-lock` for good, and `-uploads`, the
    /// folder of direct uploads.
    pub path: PathBuf,
    /// Counts what the writer does, for tests.
    pub activity: Activity,
    /// Maximum pages (of 8 KiB) of the file, to simulate a full disk in tests.
    pub max_pages: Option<u32>,
}

impl Options {
    /// Without a limit.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), activity: Activity::default(), max_pages: None }
    }

    /// Reads `sqlite:FILE`, which is relative to the working directory; `None` for another scheme.
    pub(crate) fn read(settings: &Settings<'_>) -> Option<Result<Self, ConfigError>> {
        match settings.storage.split_once(':').unwrap_or((settings.storage, "")) {
            // `SQLite`'s name for a database in memory.
            ("sqlite", "" | ":memory:") => {
                Some(Err(ConfigError::Incomplete("must name a file, such as sqlite:roster.db")))
            }
            ("sqlite", file) => Some(Ok(Self::new(file))),
            _ => None,
        }
    }
}

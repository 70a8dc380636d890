//! Users, images and events in one `SQLite` file.
//!
//! | file | idea |
//! |---|---|
//! | `file`, `lock`, `create`, `migrations` | the files on the disk before a connection is opened |
//! | `damage` | what is checked before anything is written |
//! | `open`, `pragma` | a connection's settings, and the order in which a store is opened |
//! | `queue`, `readers` | reads: a few threads with a connection each |
//! | `queue`, `writer`, `group`, `step`, `checkpoint` | writes: one thread, many writes in one commit |
//! | `row`, `reads`, `writes/` | the statements |
//! | `store`, `events`, `inventory` | the ports |

mod checkpoint;
mod create;
mod damage;
mod error;
mod events;
mod file;
#[cfg(feature = "conformance")]
mod fill;
mod group;
mod inventory;
mod lock;
mod migrations;
mod open;
mod pragma;
mod queue;
mod readers;
mod reads;
mod row;
mod step;
mod store;
mod threads;
mod writer;
mod writes;

use std::path::PathBuf;

use domain::Environment;

#[cfg(feature = "conformance")]
pub use fill::{fill, fill_with_renditions};
pub(crate) use open::{serve, tool};
pub(crate) use threads::Threads;

use crate::Faults;

/// Where the database is, and how it is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database file; beside it are `-wal` and `-shm` while it is open, and `-lock` for good.
    pub path: PathBuf,
    /// Faults at the steps of writes: the operations `sqlite.*`.
    pub faults: Faults,
    /// The environment of a database that is created by opening it.
    pub environment: Option<Environment>,
    /// Maximum pages (of 8 KiB) of the file, to simulate a full disk in tests.
    pub max_pages: Option<u32>,
}

impl Options {
    /// No faults, no limit.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), faults: Faults::default(), environment: None, max_pages: None }
    }
}

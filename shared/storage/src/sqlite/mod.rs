//! Users, images and events in one `SQLite` file.
//!
//! | file | idea |
//! |---|---|
//! | `file`, `lock`, `create`, `migrations` | the files on the disk before a connection is opened |
//! | `damage` | what is checked before anything is written |
//! | `options` | what selects this store, and where it is |
//! | `open`, `pragma` | a connection's settings, and the order in which a store is opened |
//! | `queue`, `readers` | reads: a few threads with a connection each |
//! | `generation` | until when a read may be kept |
//! | `queue`, `writer`, `group`, `transaction`, `step_name` | writes: one thread, many writes in one commit |
//! | `checkpoint` | the log, which the writer and a thread of its own copy into the main file |
//! | `row`, `reads` | rows, and the statements that read them |
//! | `store`, `events`, `inventory` | the ports, with the statements of their writes |
//! | `uploads` | direct uploads, in files beside the database |
//! | `activity` | counts of what the writer does, for tests |

mod activity;
mod checkpoint;
mod create;
mod damage;
mod error;
mod events;
mod file;
#[cfg(feature = "conformance")]
mod fill;
mod generation;
mod group;
mod inventory;
mod lock;
mod migrations;
mod open;
mod open_error;
mod options;
mod pragma;
mod queue;
mod readers;
mod reads;
mod row;
pub(crate) mod step_name;
mod store;
mod threads;
mod transaction;
mod uploads;
mod writer;

pub use activity::Activity;
#[cfg(feature = "conformance")]
pub use fill::{fill, fill_with, fill_with_renditions};
pub use open_error::OpenError;
pub use options::Options;

pub(crate) use options::EXPECTED;

//! Users, images, events and direct uploads in one `PostgreSQL` database, for several processes.
//!
//! | file | idea |
//! |---|---|
//! | `options`, `password` | what selects this store, and where its password is |
//! | `tls`, `connector` | one connection, with the settings of its session |
//! | `schema` | which release made the tables, and whose they are |
//! | `migration` | the scripts that make them, and running those that are missing |
//! | `tables` | when that is checked, and by which task |
//! | `open`, `open_error` | the order in which a store is opened |
//! | `database` | statements: their connections, timeouts and retries |
//! | `transaction`, `step_name` | the statements of a write |
//! | `row` | rows |
//! | `pieces` | images and direct uploads as rows of bounded size |
//! | `store`, `events`, `inventory` | the ports, with the statements of their writes |
//! | `uploads` | direct uploads |
//! | `plans` | tests of how the server runs the statements of large tables |

mod connector;
mod database;
mod error;
mod events;
mod inventory;
mod migration;
mod open;
mod open_error;
mod options;
mod password;
mod pieces;
#[cfg(test)]
mod plans;
mod row;
mod schema;
pub(crate) mod step_name;
mod store;
mod tables;
mod tls;
mod transaction;
mod uploads;

pub use open_error::OpenError;
pub use options::{Options, Timing};

pub(crate) use options::EXPECTED;

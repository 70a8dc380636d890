//! The stores behind the ports of `domain`.
//!
//! | module | idea |
//! |---|---|
//! | [`config`], [`connect`](mod@connect) | which store, and opening it: the one place that matches on the kind |
//! | [`sqlite`] | users, images and events in one file |
//! | [`aws`] | users in DynamoDB, images in S3 |
//! | [`guard`] | refuses a store of another environment |
//! | [`sweep`](mod@sweep) | removing orphans, and finding what is missing |
//! | [`faults`] | failures on demand: a decorator for every store, and steps inside the adapters |
//! | [`conformance`] | what every adapter must pass (feature `conformance`) |

#[cfg(feature = "dynamodb")]
pub mod aws;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connect;
pub mod faults;
pub mod guard;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod sweep;

pub use config::{Config, ConfigError, Settings};
pub use connect::{ConnectError, Connection, Tools, connect, connect_tool};
pub use faults::{Faults, with_faults};
pub use guard::{Guard, guarded};

//! The stores behind the ports of `domain`.
//!
//! | module | idea |
//! |---|---|
//! | [`config`], [`connect`](mod@connect) | which store, and opening it: the one place that matches on the kind |
//! | [`sqlite`] | users, images and events in one file |
//! | [`faults`] | failures on demand: a decorator for every store, and steps inside the adapters |
//! | [`conformance`] | what every adapter must pass (feature `conformance`) |

pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connect;
pub mod faults;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use config::{Config, ConfigError};
pub use connect::{ConnectError, Connection, connect, connect_tool};
pub use faults::{Faults, with_faults};

//! The stores behind the ports of `domain`.
//!
//! | module | idea |
//! |---|---|
//! | [`connect`](mod@connect) | which store, and opening it: the one place that matches on the kind |
//! | [`adapter`], [`config`] | what an adapter is opened with, and what it hands over |
//! | [`sqlite`] | users, images and events in one file |
//! | [`aws`] | users in DynamoDB, images in S3 |
//! | [`postgres`] | users, images, events and direct uploads in one PostgreSQL database |
//! | [`boundary`] | observes, guards and faults every call of every store |
//! | [`guard`] | refuses a store of another environment |
//! | [`faults`] | failures on demand, at the ports and at the steps inside the adapters |
//! | `uploads` | direct uploads, the same for a folder and for a bucket |
//! | `sql` | rules about rows, the same for SQLite and PostgreSQL |
//! | `in_flight` | writes that go on when their callers go away |
//! | [`event_json`] | the JSON of an event, written and read |
//! | [`letters`] | a walk over the dead letters of a queue |
//! | [`retry`] | repeating a call after a transient error |
//! | [`sweep`](mod@sweep) | removing orphans, and finding what is missing |
//! | [`conformance`] | what every adapter must pass (feature `conformance`) |

pub mod adapter;
#[cfg(feature = "dynamodb")]
pub mod aws;
pub mod boundary;
pub mod config;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod connect;
pub mod event_json;
pub mod faults;
pub mod guard;
#[cfg(any(feature = "postgres", feature = "dynamodb"))]
pub(crate) mod in_flight;
pub mod letters;
#[cfg(feature = "postgres")]
pub mod postgres;
pub mod retry;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod sweep;
#[cfg(any(feature = "sqlite", feature = "postgres", feature = "dynamodb"))]
pub(crate) mod uploads;

pub use adapter::{ConnectError, Tools};
pub use boundary::Boundary;
pub use config::{ConfigError, Settings};
pub use connect::{Config, Connection, connect, connect_tool};
pub use faults::Faults;
pub use guard::Guard;

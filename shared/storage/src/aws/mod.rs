//! Users in a `DynamoDB` table, their images in an S3 bucket.
//!
//! | file | idea |
//! |---|---|
//! | `options`, `open` | what selects this store, and opening it |
//! | `session`, `credentials` | region and credentials of this machine, found when they are there, and kept |
//! | `clients` | the SDK's clients, made once, with limits on time and retries |
//! | `aws_clients` | what ports and writes share: table, bucket, and the URLs of images |
//! | `error` | the one place that classifies the SDK's errors |
//! | `item` | a user as an item of the table |
//! | `table`, `change`, `bucket` | the calls; `bucket/direct`: what clients put and get themselves |
//! | `pieces` | an object that is read while it is sent |
//! | `call` | their names, for injecting faults |
//! | `uploads` | direct uploads, in a bucket of their own |
//! | `queue`, `notification` | the events and the dead letters, in SQS; what a message says |
//! | `marker`, `table_name` | which environment and table the bucket belongs to |
//! | `inventory` | everything that table and bucket hold, for sweeping |
//! | `references` | which uploads an item references |
//! | `response_date` | the time by the clock of S3 |
//! | `store` | the ports, and the order of the calls of a write: object, then item, then removal of the replaced object |

mod aws_clients;
#[cfg(feature = "s3")]
mod bucket;
#[cfg(not(feature = "s3"))]
#[path = "no_bucket.rs"]
mod bucket;
pub(crate) mod call;
mod change;
mod clients;
mod credentials;
mod error;
#[cfg(feature = "s3")]
mod inventory;
mod item;
mod marker;
#[cfg(feature = "sqs")]
mod notification;
mod open;
mod options;
#[cfg(feature = "s3")]
mod pieces;
#[cfg(feature = "conformance")]
mod provision;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "s3")]
mod references;
#[cfg(feature = "s3")]
mod response_date;
mod session;
mod store;
mod table;
mod table_name;
mod uploads;

#[cfg(feature = "sqs")]
pub use notification::decode;
pub use options::Options;
#[cfg(all(feature = "conformance", feature = "sqs"))]
pub use provision::provision_queues;
#[cfg(all(feature = "conformance", feature = "s3"))]
pub use provision::provision_uploads;
#[cfg(feature = "conformance")]
pub use provision::{fill, provision};

#[cfg(feature = "conformance")]
pub(crate) use open::open;
pub(crate) use options::EXPECTED;

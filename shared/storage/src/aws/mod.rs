//! Users in a `DynamoDB` table, their images in an S3 bucket.
//!
//! | file | idea |
//! |---|---|
//! | `clients` | the SDK's clients, made once, with limits on time and retries |
//! | `error` | the one place that says what the SDK's errors mean |
//! | `item` | a user as an item of the table |
//! | `table`, `change`, `bucket` | the calls, each a step at which a fault can be injected |
//! | `writes/` | the order of the calls: object, then item, then the end of what was replaced |
//! | `in_flight` | writes whose callers went away are finished all the same |
//! | `store` | the ports |

#[cfg(feature = "s3")]
mod bucket;
#[cfg(not(feature = "s3"))]
#[path = "no_bucket.rs"]
mod bucket;
mod change;
mod clients;
mod error;
mod in_flight;
mod item;
#[cfg(feature = "conformance")]
mod provision;
mod store;
mod table;
mod writes;

pub(crate) use in_flight::InFlight;
#[cfg(feature = "conformance")]
pub use provision::{fill, provision};

use std::sync::Arc;

use aws_config::SdkConfig;
use domain::Stores;
use futures_util::{FutureExt as _, future};
use tokio::{runtime::Handle, task::spawn_blocking};

use crate::{Faults, connect::Backend};
use store::Calls;

/// The table and the bucket, and what an item of the table says beside the user.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `DynamoDB` table of users.
    pub users_table: String,
    /// The S3 bucket of images; without one, what needs it is `Unavailable`.
    pub avatars_bucket: Option<String>,
    /// Base of the `avatar_url` that other readers of the table find, without a slash at the end.
    pub avatar_base_url: String,
    /// Faults at the calls: the operations `aws.*`.
    pub faults: Faults,
}

/// The stores, with what the environment and the machine say about AWS. Asks AWS nothing.
///
/// No start waits for the SDK's clients, which read every certificate of the system: they are made on a thread of their
/// own, and whoever calls a store first waits for them.
pub(crate) fn connect(options: Options) -> crate::Connection {
    let runtime = Handle::current();
    let made = spawn_blocking(move || {
        let config = runtime.block_on(clients::config());
        Arc::new(Calls::new(options, &config))
    });
    over(made.map(|made| made.map_err(|error| error.to_string())).boxed().shared())
}

/// The stores, with this configuration of the SDK.
pub fn open(options: Options, config: &SdkConfig) -> crate::Connection {
    over(future::ready(Ok(Arc::new(Calls::new(options, config)))).boxed().shared())
}

fn over(calls: store::Making) -> crate::Connection {
    let writes = Arc::new(InFlight::default());
    let store = Arc::new(store::Store::new(calls, writes.clone()));
    let stores = Stores { users: store.clone(), avatars: store.clone(), health: store };
    crate::Connection { stores, created: false, backend: Backend::Aws(writes) }
}

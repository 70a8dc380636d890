//! Users in a `DynamoDB` table, their images in an S3 bucket.
//!
//! | file | idea |
//! |---|---|
//! | `clients` | the SDK's clients, made once, with limits on time and retries |
//! | `calls` | what ports and writes share: table, bucket, and the URLs of images |
//! | `error` | the one place that classifies the SDK's errors |
//! | `item` | a user as an item of the table |
//! | `table`, `change`, `bucket` | the calls, each a step at which a fault can be injected |
//! | `queue` | the events and the dead letters, in SQS |
//! | `marker`, `table_name` | which environment and table the bucket belongs to |
//! | `inventory` | everything that table and bucket hold, for sweeping |
//! | `references` | which uploads an item references |
//! | `answered_at` | the time by the clock of S3 |
//! | `writes/` | the order of the calls: object, then item, then removal of the replaced object |
//! | `in_flight` | finishes writes whose callers went away |
//! | `store` | the ports |

#[cfg(feature = "s3")]
mod answered_at;
#[cfg(feature = "s3")]
mod bucket;
#[cfg(not(feature = "s3"))]
#[path = "no_bucket.rs"]
mod bucket;
mod calls;
mod change;
mod clients;
mod error;
mod in_flight;
#[cfg(feature = "s3")]
mod inventory;
mod item;
mod marker;
#[cfg(feature = "conformance")]
mod provision;
#[cfg(feature = "sqs")]
mod queue;
#[cfg(feature = "s3")]
mod references;
mod store;
mod table;
mod table_name;
mod writes;

pub(crate) use in_flight::InFlight;
#[cfg(all(feature = "conformance", feature = "sqs"))]
pub use provision::provision_queues;
#[cfg(feature = "conformance")]
pub use provision::{fill, provision};

use std::sync::Arc;

use aws_config::SdkConfig;
use domain::Stores;
use tokio::sync::OnceCell;

use crate::{Faults, Tools, connect::Backend};
use calls::Calls;
use store::Store;

/// How many times the creation of clients yields first: to send a request, several tasks take a few turns.
const YIELDS: usize = 8;

/// The table, the bucket and the queues, and the bases of the URLs in an item.
#[derive(Clone, Debug)]
pub struct Options {
    /// The `DynamoDB` table of users.
    pub users_table: String,
    /// The S3 bucket of images; without one, calls that need it are `Unavailable`.
    pub avatars_bucket: Option<String>,
    /// The SQS queue of events; [`Tools`] has the queues only if both are set.
    pub events_queue_url: Option<String>,
    /// The SQS queue of dead letters.
    pub dead_letters_url: Option<String>,
    /// Base of the `avatar_url` of a user without an image, without a slash at the end.
    pub public_url: String,
    /// Base of the `avatar_url` that other readers of the table find, without a slash at the end.
    pub avatar_base_url: String,
    /// Faults at the calls: the operations `aws.*`.
    pub faults: Faults,
}

/// The stores, with the AWS configuration of the environment and the machine. Makes no call to AWS.
///
/// The start does not wait for the SDK's clients: they are created in the background, and the first call to a
/// store waits for them.
pub(crate) fn connect(options: &Options) -> crate::Connection {
    let store = Arc::new(Store::new(options.clone(), OnceCell::new()));
    let early = store.clone();
    tokio::spawn(async move {
        // After the tasks that are ready now: a function requests its first event, and creates the clients
        // while it waits.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        // If that fails, the next call retries and reports why.
        early.calls().await.is_ok()
    });
    let tools = tools(&store, options, None);
    over(store, tools)
}

/// The stores, with this configuration of the SDK.
pub fn open(options: &Options, config: &SdkConfig) -> crate::Connection {
    let calls = Arc::new(Calls::new(options.clone(), config));
    let store = Arc::new(Store::new(options.clone(), OnceCell::new_with(Some(calls))));
    let tools = tools(&store, options, Some(config));
    over(store, tools)
}

/// The inventory if there is a bucket, and the queues if both are set.
#[cfg_attr(not(feature = "s3"), expect(unused_variables, unused_mut, reason = "without them"))]
#[cfg_attr(all(feature = "s3", not(feature = "sqs")), expect(unused_variables, reason = "without queues"))]
fn tools(store: &Arc<Store>, options: &Options, config: Option<&SdkConfig>) -> Tools {
    let mut tools = Tools::default();
    #[cfg(feature = "s3")]
    if options.avatars_bucket.is_some() {
        tools.inventory = Some(store.clone());
    }
    #[cfg(feature = "sqs")]
    if let (Some(events), Some(dead)) = (&options.events_queue_url, &options.dead_letters_url) {
        let queue = queue::Queue::new(events.clone(), dead.clone(), options.faults.clone(), config);
        let queue = Arc::new(queue);
        tools.queue = Some(queue.clone());
        tools.dead_letters = Some(queue);
    }
    tools
}

fn over(store: Arc<Store>, tools: Tools) -> crate::Connection {
    let writes = store.writes.clone();
    let stores =
        Stores { users: store.clone(), avatars: store.clone(), renditions: store.clone(), health: store };
    crate::Connection { stores, tools, created: false, backend: Backend::Aws(writes) }
}

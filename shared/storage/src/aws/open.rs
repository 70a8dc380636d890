//! Opening the store.

use std::sync::Arc;

use async_trait::async_trait;
#[cfg(feature = "conformance")]
use aws_config::SdkConfig;
use domain::{Environment, Stores};
use tokio::sync::OnceCell;

#[cfg(feature = "conformance")]
use super::{aws_clients::AwsClients, session::AwsConfig};
use super::{options::Options, session::Session, store::Store, uploads::UploadsBucket};
use crate::{
    adapter::{Adapter, Backend, ConnectError, Opened, Tools},
    faults::Faults,
    in_flight::InFlight,
    uploads::Uploads,
};

/// How many times the creation of clients yields first: to send a request, several tasks take a few turns.
const YIELDS: usize = 8;

#[async_trait]
impl Adapter for Options {
    /// Makes no call to AWS, so that an unavailable store does not prevent the start.
    async fn serve(&self, _: Option<&Environment>, faults: Faults) -> Result<Opened, ConnectError> {
        Ok(connect(self, faults))
    }

    async fn tool(&self, faults: Faults) -> Result<Opened, ConnectError> {
        Ok(connect(self, faults))
    }
}

/// The stores, with the AWS configuration of the environment and the machine.
///
/// The start does not wait for the SDK's clients: they are created in the background, and the first call to a
/// store waits for them.
fn connect(options: &Options, faults: Faults) -> Opened {
    let session = Arc::<Session>::default();
    let store = Arc::new(Store::new(options.clone(), faults.clone(), session.clone(), OnceCell::new()));
    let early = store.clone();
    tokio::spawn(async move {
        // After the tasks that are ready now: a function requests its first event, and creates the clients
        // while it waits.
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
        }
        // If that fails, the next call retries and reports why.
        early.aws().await.is_ok()
    });
    let tools = tools(&store, options, faults, &session);
    opened(store, tools)
}

/// The stores, with this configuration of the SDK.
#[cfg(feature = "conformance")]
pub(crate) fn open(options: &Options, config: &SdkConfig, faults: Faults) -> Opened {
    let config = AwsConfig::new(config);
    let aws = Arc::new(AwsClients::new(options.clone(), &config, faults.clone()));
    let session = Arc::new(Session::of(config));
    let aws = OnceCell::new_with(Some(aws));
    let store = Arc::new(Store::new(options.clone(), faults.clone(), session.clone(), aws));
    let tools = tools(&store, options, faults, &session);
    opened(store, tools)
}

/// The inventory if there is a bucket, and the queues if both are set.
#[cfg_attr(not(feature = "s3"), expect(unused_variables, unused_mut, reason = "without them"))]
#[cfg_attr(all(feature = "s3", not(feature = "sqs")), expect(unused_variables, reason = "without queues"))]
fn tools(store: &Arc<Store>, options: &Options, faults: Faults, session: &Arc<Session>) -> Tools {
    let mut tools = Tools::default();
    #[cfg(feature = "s3")]
    if options.avatars_bucket.is_some() {
        tools.inventory = Some(store.clone());
    }
    #[cfg(feature = "sqs")]
    if let (Some(events), Some(dead)) = (&options.events_queue_url, &options.dead_letters_url) {
        let queue = Arc::new(super::queue::Queue::new(
            events.clone(),
            dead.clone(),
            options.avatars_bucket.clone(),
            faults,
            session.clone(),
        ));
        tools.queue = Some(queue.clone());
        tools.dead_letters = Some(queue);
    }
    tools
}

fn opened(store: Arc<Store>, tools: Tools) -> Opened {
    let backend = Box::new(Writes(store.writes.clone()));
    let uploads = Arc::new(Uploads(UploadsBucket(store.clone())));
    let stores = Stores {
        users: store.clone(),
        avatars: store.clone(),
        renditions: store.clone(),
        uploads,
        health: store,
    };
    Opened { stores, tools, created: false, backend }
}

/// Keeps no connection: closing only waits for the writes in flight.
struct Writes(Arc<InFlight>);

#[async_trait]
impl Backend for Writes {
    async fn close(self: Box<Self>) {
        self.0.wait_for_all().await;
    }
}

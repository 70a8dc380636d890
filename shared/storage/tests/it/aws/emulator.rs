//! A table and a bucket for one test.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use aws_config::SdkConfig;
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_dynamodb::config::SharedHttpClient;
use domain::{DecodedEvent, Environment, Links, Stores};
use emulator::Endpoints;
use storage::{
    Boundary, Connection, Faults, Guard, Tools, aws::Options, conformance::open_aws, event_json::payload,
};
use tempfile::TempDir;

pub(crate) struct Emulated {
    pub(crate) stores: Stores,
    pub(crate) tools: Tools,
    pub(crate) faults: Faults,
    pub(crate) options: Options,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    config: SdkConfig,
    _folder: TempDir,
}

impl Emulated {
    /// The same table and bucket through another HTTP client.
    pub(crate) fn through(&self, http: SharedHttpClient) -> Connection {
        self.through_with(http, &self.options)
    }

    /// The same with other options.
    pub(crate) fn through_with(&self, http: SharedHttpClient, options: &Options) -> Connection {
        let config = self.config.clone().into_builder().http_client(http);
        // The emulator's clock is right, whatever a test changes in its dates.
        let config = config.disable_clock_skew_correction(true).build();
        open_aws(options, &config, self.faults.clone())
    }

    /// The same emulators with other options.
    pub(crate) fn with(&self, options: &Options) -> Connection {
        open_aws(options, &self.config, self.faults.clone())
    }

    /// The stores as `connect` hands them out to a process of this environment.
    pub(crate) fn guarded(&self, expected: Option<&str>) -> (Stores, Guard) {
        let boundary =
            Boundary { expected: expected.map(|name| name.parse().unwrap()), ..Boundary::default() };
        let (stores, _, guard) = boundary.around(self.stores.clone(), self.tools.clone());
        (stores, guard)
    }

    /// The keys of all objects except the marker of the bucket.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(self.bucket()).send().await.unwrap();
        let keys = listed.contents().iter().map(|object| object.key().unwrap().to_owned());
        keys.filter(|key| key != "roster.json").collect()
    }

    /// How many users the table has.
    pub(crate) async fn items(&self) -> usize {
        let scanned = self.dynamodb.scan().table_name(&self.options.users_table).send().await.unwrap();
        scanned.items().iter().filter(|item| item["id"].as_s().unwrap() != "#roster").count()
    }

    /// Another table and bucket there, of this environment.
    pub(crate) async fn provision(&self, table: &str, bucket: &str, environment: &str) {
        let environment = environment.parse().unwrap();
        storage::aws::provision(&self.config, table, bucket, &environment).await.unwrap();
    }

    /// The same stores, with credentials that expire then.
    pub(crate) fn with_credentials_until(&self, end: SystemTime) -> Stores {
        let credentials = Credentials::new(emulator::KEY, emulator::KEY, None, Some(end), "test");
        let config = self.config.clone().into_builder();
        let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
        open_aws(&self.options, &config, Faults::default()).stores
    }

    pub(crate) fn bucket(&self) -> &str {
        self.options.avatars_bucket.as_deref().unwrap()
    }
}

/// The environment of the table.
pub(crate) fn environment() -> Environment {
    "test".parse().unwrap()
}

/// A new table and bucket, on emulators of their own unless `ROSTER_TEST_AWS_ENDPOINT` sets an endpoint.
pub(crate) async fn open() -> Emulated {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "selects where these tests run")]
    let config = match std::env::var("ROSTER_TEST_AWS_ENDPOINT") {
        // An emulator that handles one call at a time, beside other programs.
        Ok(endpoint) => emulator::patient(
            &Endpoints { dynamodb: endpoint.clone(), s3: endpoint.clone(), sqs: Some(endpoint) }.config(),
        ),
        Err(_) => Endpoints::start(folder.path()).await.config(),
    };
    let faults = Faults::default();
    let options = Options {
        users_table: format!("users-{unique}"),
        avatars_bucket: Some(format!("avatars-{unique}")),
        uploads_bucket: Some(format!("uploads-{unique}")),
        events_queue_url: None,
        dead_letters_url: None,
        links: Links::new("https://users.example.org", "https://avatars.example.org"),
    };
    let bucket = options.avatars_bucket.as_deref().unwrap();
    storage::aws::provision(&config, &options.users_table, bucket, &environment()).await.unwrap();
    let uploads = options.uploads_bucket.as_deref().unwrap();
    storage::aws::provision_uploads(&config, uploads).await.unwrap();
    let connection = open_aws(&options, &config, faults.clone());
    Emulated {
        stores: connection.stores,
        tools: connection.tools,
        faults,
        options,
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
        s3: aws_sdk_s3::Client::from_conf(
            aws_sdk_s3::config::Builder::from(&config).force_path_style(true).build(),
        ),
        config,
        _folder: folder,
    }
}

/// The same with queues; the bucket notifies the queue of events of its avatars. `None` unless an endpoint is
/// set: the emulators inside the process have no queues.
pub(crate) async fn open_with_queues() -> Option<Emulated> {
    #[expect(clippy::disallowed_methods, reason = "selects where these tests run")]
    let is_external = std::env::var_os("ROSTER_TEST_AWS_ENDPOINT").is_some();
    #[expect(clippy::print_stdout, reason = "reports the skipped test")]
    if !is_external {
        println!("skipped: needs ROSTER_TEST_AWS_ENDPOINT, such as moto's (just conformance-moto)");
        return None;
    }
    let mut emulated = open().await;
    let (bucket, table) = (emulated.bucket().to_owned(), &emulated.options.users_table);
    let name = table.replace("users", "events");
    let (events, dead) = storage::aws::provision_queues(&emulated.config, &bucket, &name).await.unwrap();
    let options =
        Options { events_queue_url: Some(events), dead_letters_url: Some(dead), ..emulated.options.clone() };
    let connection = emulated.with(&options);
    (emulated.stores, emulated.tools) = (connection.stores, connection.tools);
    emulated.options = options;
    // S3 sends a test event, which is not about an object.
    let queue = emulated.tools.queue.clone().unwrap();
    while queue.depth().await.unwrap().waiting > 0 {
        for delivery in queue.receive(10).await.unwrap() {
            assert!(payload(&delivery).contains("s3:TestEvent"), "{delivery:?}");
            assert_eq!(delivery.event, DecodedEvent::default());
            queue.acknowledge(&delivery).await.unwrap();
        }
    }
    Some(emulated)
}

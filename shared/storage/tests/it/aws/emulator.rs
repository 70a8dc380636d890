//! A table and a bucket of their own.

use std::sync::atomic::{AtomicU64, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider, SharedHttpClient};
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use domain::{Environment, Stores};
use hyper_util::rt::{TokioExecutor, TokioIo};
use storage::{Connection, Faults, aws::Options};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) struct Emulated {
    pub(crate) stores: Stores,
    pub(crate) faults: Faults,
    pub(crate) options: Options,
    pub(crate) dynamodb: aws_sdk_dynamodb::Client,
    pub(crate) s3: aws_sdk_s3::Client,
    config: SdkConfig,
    _folder: TempDir,
}

impl Emulated {
    /// The same table and bucket through another client of HTTP.
    pub(crate) fn through(&self, http: SharedHttpClient) -> Connection {
        let config = self.config.clone().into_builder().http_client(http).build();
        storage::aws::open(self.options.clone(), &config)
    }

    /// The same emulators with other options.
    pub(crate) fn with(&self, options: Options) -> Connection {
        storage::aws::open(options, &self.config)
    }

    /// The keys of all objects.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let listed = self.s3.list_objects_v2().bucket(self.bucket()).send().await.unwrap();
        listed.contents().iter().map(|object| object.key().unwrap().to_owned()).collect()
    }

    /// How many users the table has.
    pub(crate) async fn items(&self) -> usize {
        let scanned = self.dynamodb.scan().table_name(&self.options.users_table).send().await.unwrap();
        scanned.items().iter().filter(|item| item["id"].as_s().unwrap() != "#roster").count()
    }

    pub(crate) fn bucket(&self) -> &str {
        self.options.avatars_bucket.as_deref().unwrap()
    }
}

/// The environment whose data the table holds.
pub(crate) fn environment() -> Environment {
    "test".parse().unwrap()
}

/// A new table and bucket, on emulators of their own unless `ROSTER_TEST_AWS_ENDPOINT` says where to make them.
pub(crate) async fn open() -> Emulated {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let unique = format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let folder = tempfile::tempdir().unwrap();
    let config = config(Endpoints::start(&folder).await);
    let faults = Faults::default();
    let options = Options {
        users_table: format!("users-{unique}"),
        avatars_bucket: Some(format!("avatars-{unique}")),
        avatar_base_url: "https://avatars.example.org".to_owned(),
        faults: faults.clone(),
    };
    let bucket = options.avatars_bucket.as_deref().unwrap();
    storage::aws::provision(&config, &options.users_table, bucket, &environment()).await.unwrap();
    let connection = storage::aws::open(options.clone(), &config);
    Emulated {
        stores: connection.stores.clone(),
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

/// The client of HTTP that reaches the emulators: without TLS, whose trust store takes time to load.
pub(crate) fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

fn config(endpoints: Endpoints) -> SdkConfig {
    let credentials = Credentials::new("test", "test", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .service_config(endpoints)
        .http_client(http())
        .build()
}

/// Where each service answers, as `AWS_ENDPOINT_URL_DYNAMODB` and `AWS_ENDPOINT_URL_S3` would say.
#[derive(Debug)]
struct Endpoints {
    dynamodb: String,
    s3: String,
}

impl Endpoints {
    async fn start(folder: &TempDir) -> Self {
        #[expect(clippy::disallowed_methods, reason = "says where these tests run")]
        if let Ok(endpoint) = std::env::var("ROSTER_TEST_AWS_ENDPOINT") {
            return Self { dynamodb: endpoint.clone(), s3: endpoint };
        }
        Self { dynamodb: dynoxide().await, s3: s3s(folder).await }
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        match (key.env(), key.service_id()) {
            ("AWS_ENDPOINT_URL", "DynamoDB") => Some(self.dynamodb.clone()),
            ("AWS_ENDPOINT_URL", "S3") => Some(self.s3.clone()),
            _ => None,
        }
    }
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    (listener, endpoint)
}

/// DynamoDB over `SQLite`, in memory. It ends with the test's runtime.
async fn dynoxide() -> String {
    let (listener, endpoint) = listener().await;
    let database = dynoxide::Database::memory().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    endpoint
}

/// S3 over the files of a folder.
async fn s3s(folder: &TempDir) -> String {
    let (listener, endpoint) = listener().await;
    let files = s3s_fs::FileSystem::new(folder.path()).unwrap();
    let mut builder = s3s::service::S3ServiceBuilder::new(files);
    builder.set_auth(s3s::auth::SimpleAuth::from_single("test", "test"));
    let service = builder.build();
    tokio::spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        while let Ok((stream, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
            tokio::spawn(connection);
        }
    });
    endpoint
}

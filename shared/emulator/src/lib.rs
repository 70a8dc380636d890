//! `DynamoDB` (dynoxide, over `SQLite` in memory) and S3 (s3s-fs, over files) inside the process, for tests.
//!
//! Both stop with the runtime that they were started on.

mod answers;
mod proxy;

pub use answers::{answering, call_of};
pub use proxy::{AwsAnswer, AwsRequest, Reply, proxy};

use std::{path::Path, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use hyper::{Request, body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{net::TcpListener, sync::Mutex};

/// Access key id and secret access key that the emulators accept.
pub const KEY: &str = "test";
/// The region of the emulators.
pub const REGION: &str = "eu-central-1";

/// The endpoint of each service.
#[derive(Clone, Debug)]
pub struct Endpoints {
    /// As in `AWS_ENDPOINT_URL_DYNAMODB`.
    pub dynamodb: String,
    /// As in `AWS_ENDPOINT_URL_S3`.
    pub s3: String,
    /// As in `AWS_ENDPOINT_URL_SQS`: there is no emulator of SQS inside the process.
    pub sqs: Option<String>,
}

impl Endpoints {
    /// Starts new, empty emulators; objects are in `folder`.
    pub async fn start(folder: &Path) -> Self {
        let (tables, objects) = (listener().await, listener().await);
        let endpoints = Self { dynamodb: url(&tables), s3: url(&objects), sqs: None };
        serve_dynamodb(tables);
        serve_s3(objects, folder);
        endpoints
    }

    /// The SDK configuration to reach them.
    pub fn config(&self) -> SdkConfig {
        let credentials = Credentials::new(KEY, KEY, None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .service_config(self.clone())
            .http_client(http())
            .build()
    }
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        match (key.env(), key.service_id()) {
            ("AWS_ENDPOINT_URL", "DynamoDB") => Some(self.dynamodb.clone()),
            ("AWS_ENDPOINT_URL", "S3") => Some(self.s3.clone()),
            ("AWS_ENDPOINT_URL", "SQS") => self.sqs.clone(),
            _ => None,
        }
    }
}

/// The same, with far longer timeouts than an emulator takes beside other programs.
pub fn patient(config: &SdkConfig) -> SdkConfig {
    let long = Duration::from_mins(1);
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(long).operation_timeout(long).build();
    config.clone().into_builder().timeout_config(timeouts).build()
}

/// An HTTP client without TLS, whose trust store takes time to load.
pub fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

/// A listener on a free loopback port.
pub async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port")
}

/// The URL of a listener.
pub fn url(listener: &TcpListener) -> String {
    format!("http://{}", listener.local_addr().expect("it is bound"))
}

/// `DynamoDB`, empty, until the runtime ends.
pub fn serve_dynamodb(listener: TcpListener) {
    let database = dynoxide::Database::memory().expect("SQLite opens a database in memory");
    tokio::spawn(dynoxide::server::serve_on(listener, database));
}

/// S3 over the files of `folder`, until the runtime ends.
pub fn serve_s3(listener: TcpListener, folder: &Path) {
    let files = s3s_fs::FileSystem::new(folder).expect("the folder exists");
    let mut builder = s3s::service::S3ServiceBuilder::new(files);
    builder.set_auth(s3s::auth::SimpleAuth::from_single(KEY, KEY));
    let files = builder.build();
    // Of racing puts that must not replace an object S3 takes one; this emulator would take several.
    let adding = Arc::new(Mutex::new(()));
    let service = service_fn(move |request: Request<Incoming>| {
        let (files, adding) = (files.clone(), adding.clone());
        async move {
            let must_add = request.headers().contains_key("if-none-match") && request.method() == "PUT";
            let _one = if must_add { Some(adding.lock().await) } else { None };
            files.call(request.map(s3s::Body::from)).await
        }
    });
    tokio::spawn(async move {
        let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
        while let Ok((stream, _)) = listener.accept().await {
            let connection = server.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
            tokio::spawn(connection);
        }
    });
}

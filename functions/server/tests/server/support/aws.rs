//! The binary on the AWS stores, emulated inside the test process.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use emulator::{Endpoints, KEY, REGION};
use tempfile::{TempDir, tempdir};

use super::running::{Running, command};

const TABLE: &str = "users";
const BUCKET: &str = "avatars";
/// The secret key of a role, for tests.
pub const SESSION: &str = "session-of-a-role";
pub const DEADLINE: Duration = Duration::from_mins(1);

pub async fn provision(endpoints: &Endpoints) {
    provision_for(endpoints, "test").await;
}

pub async fn provision_for(endpoints: &Endpoints, environment: &str) {
    let environment = environment.parse().unwrap();
    storage::aws::provision(&endpoints.config(), TABLE, BUCKET, &environment).await.unwrap();
}

pub fn on(endpoints: &Endpoints, folder: &Path) -> Command {
    let mut command = command(folder);
    command.envs([
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_USERS_TABLE", TABLE),
        ("ROSTER_AVATARS_BUCKET", BUCKET),
        ("ROSTER_PUBLIC_URL", "https://users.example.org"),
        ("ROSTER_ENVIRONMENT", "test"),
        ("AWS_ENDPOINT_URL_DYNAMODB", &endpoints.dynamodb),
        ("AWS_ENDPOINT_URL_S3", &endpoints.s3),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", KEY),
        ("AWS_SECRET_ACCESS_KEY", KEY),
        ("AWS_SESSION_TOKEN", SESSION),
    ]);
    command
}

/// The same stores, created, and the folder of their objects.
pub async fn stores() -> (Endpoints, TempDir) {
    let folder = tempdir().unwrap();
    let endpoints = Endpoints::start(folder.path()).await;
    provision(&endpoints).await;
    (endpoints, folder)
}

/// Waits until `/readyz` answers with this status and this text.
pub fn until_ready_returns(running: &Running, status: u16, words: &str) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let (now, body) = running.get("/readyz");
        let text = String::from_utf8(body).unwrap();
        if now == status && text.contains(words) {
            return;
        }
        assert!(Instant::now() < deadline, "{now}: {text}");
        std::thread::yield_now();
    }
}

/// Puts this item into the table directly.
pub fn put_item(endpoints: &Endpoints, item: &str) {
    let address = endpoints.dynamodb.strip_prefix("http://").unwrap();
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", "DynamoDB_20120810.PutItem"),
        // The emulator requires a signature but does not verify it.
        ("authorization", "AWS4-HMAC-SHA256 Credential=test, SignedHeaders=host, Signature=none"),
        ("date", "today"),
    ];
    let body = format!(r#"{{"TableName": "{TABLE}", "Item": {item}}}"#);
    let (status, answer) = Running::request_at(address, "POST /", &headers, body.as_bytes()).unwrap();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
}

/// Waits until a log has this text. Returns the whole log.
pub fn until_log_contains(log: &Path, text: &str) -> String {
    let deadline = Instant::now() + DEADLINE;
    loop {
        let log_text = std::fs::read_to_string(log).unwrap();
        if log_text.contains(text) {
            return log_text;
        }
        assert!(Instant::now() < deadline, "{log_text}");
        std::thread::yield_now();
    }
}

/// Waits for a blocking call, while the emulators keep running.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

//! Starts on AWS stores that are late, of another environment, or misconfigured.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::{Command, Stdio},
};

use axum::{
    Router,
    routing::{get, put},
};
use emulator::{Endpoints, KEY, REGION};
use tempfile::{TempDir, tempdir};
use tokio::net::TcpListener;

use crate::support::{
    aws::{
        DEADLINE, blocking, on, provision, provision_for, put_item, stores, until_log_contains,
        until_ready_returns,
    },
    pictures,
    running::{Running, output},
};

/// A table that does not exist yet.
struct LateTable {
    endpoints: Endpoints,
    address: SocketAddr,
    _objects: TempDir,
}

impl LateTable {
    async fn create_for(&self, environment: &str) {
        emulator::serve_dynamodb(TcpListener::bind(self.address).await.unwrap());
        provision_for(&self.endpoints, environment).await;
    }
}

/// A process that waits for its table.
async fn start_without_table() -> (Running, LateTable) {
    let (tables, objects) = (emulator::listener().await, emulator::listener().await);
    let endpoints = Endpoints { dynamodb: emulator::url(&tables), s3: emulator::url(&objects), sqs: None };
    let (address, folder) = (tables.local_addr().unwrap(), tempdir().unwrap());
    emulator::serve_s3(objects, folder.path());
    drop(tables);
    let (path, at) = (folder.path().to_owned(), endpoints.clone());
    let running = blocking(move || {
        let running = Running::spawn(on(&at, &path).stderr(Stdio::null()));
        until_ready_returns(&running, 503, "starting");
        running
    })
    .await;
    (running, LateTable { endpoints, address, _objects: folder })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_environment_fails_the_start_with_78() {
    let (endpoints, _objects) = stores().await;
    let folder = tempdir().unwrap();
    let refused =
        blocking(move || output(on(&endpoints, folder.path()).env("ROSTER_ENVIRONMENT", "prod"))).await;
    let lines = String::from_utf8(refused.stderr).unwrap();
    let line = lines.lines().last().unwrap();
    assert_eq!(refused.status.code(), Some(78), "{line}");
    assert!(line.starts_with("roster: ") && line.contains("`prod`") && line.contains("`test`"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_another_environment_with_the_right_bucket_fails_the_start_with_78() {
    let (of_test, _objects) = stores().await;
    let others = tempdir().unwrap();
    let of_prod = Endpoints::start(others.path()).await;
    provision_for(&of_prod, "prod").await;
    let mixed = Endpoints { dynamodb: of_prod.dynamodb, s3: of_test.s3, sqs: None };
    let folder = tempdir().unwrap();
    let refused = blocking(move || output(&mut on(&mixed, folder.path()))).await;
    assert_eq!(refused.status.code(), Some(78), "{}", String::from_utf8_lossy(&refused.stderr));
    assert!(refused.stdout.is_empty(), "it never listened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_table_without_an_environment_and_logs_why() {
    for (has_a_table, reason) in [(false, "does not exist"), (true, "attribute `environment`")] {
        let objects = tempdir().unwrap();
        let endpoints = Endpoints::start(objects.path()).await;
        if has_a_table {
            provision(&endpoints).await;
            let at = endpoints.clone();
            blocking(move || put_item(&at, r##"{"id": {"S": "#roster"}}"##)).await;
        }
        let (folder, at) = (tempdir().unwrap(), endpoints.clone());
        let (running, folder) = blocking(move || {
            let log = folder.path().join("log");
            let running = Running::spawn(on(&at, folder.path()).stderr(std::fs::File::create(&log).unwrap()));
            let log_text =
                until_log_contains(&log, "could not check the store's environment; not ready, retrying");
            assert!(log_text.contains(reason), "{log_text}");
            until_ready_returns(&running, 503, r#""status":"starting""#);
            until_ready_returns(&running, 503, r#"{"name":"dynamodb","status":"down"}"#);
            assert_eq!(running.get("/users").0, 503);
            (running, folder)
        })
        .await;

        if has_a_table {
            let whole = r##"{"id": {"S": "#roster"}, "environment": {"S": "test"}}"##;
            blocking(move || put_item(&endpoints, whole)).await;
        } else {
            provision(&endpoints).await;
        }
        blocking(move || {
            until_ready_returns(&running, 200, "\"ready\"");
            drop((running, folder));
        })
        .await;
    }
}

/// The bucket's marker, as a file of the emulator.
fn marker(objects: &TempDir) -> PathBuf {
    objects.path().join("avatars").join("roster.json")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_while_the_marker_of_its_bucket_is_malformed() {
    let (endpoints, objects) = stores().await;
    blocking(move || {
        let (folder, text) = (tempdir().unwrap(), std::fs::read(marker(&objects)).unwrap());
        std::fs::write(marker(&objects), "prod").unwrap();
        let log = folder.path().join("log");
        let log_file = std::fs::File::create(&log).unwrap();
        let running = Running::spawn(on(&endpoints, folder.path()).stderr(log_file));
        until_log_contains(&log, "could not check the store's environment; not ready, retrying");
        until_ready_returns(&running, 503, r#""status":"starting""#);
        assert_eq!(running.get("/users").0, 503);
        std::fs::write(marker(&objects), text).unwrap();
        until_ready_returns(&running, 200, "\"ready\"");
        assert_eq!(running.get("/users").0, 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_without_a_marker_is_served_with_one_warning() {
    let (endpoints, objects) = stores().await;
    blocking(move || {
        std::fs::remove_file(marker(&objects)).unwrap();
        let folder = tempdir().unwrap();
        let log = folder.path().join("log");
        let log_file = std::fs::File::create(&log).unwrap();
        let running = Running::spawn(on(&endpoints, folder.path()).stderr(log_file));
        until_ready_returns(&running, 200, "\"ready\"");
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
        assert_eq!(running.users().len(), 1);
        let log_text = until_log_contains(&log, "\"request\"");
        let warnings: Vec<_> =
            log_text.lines().filter(|line| line.contains("bucket has no ownership marker")).collect();
        assert!(matches!(warnings[..], [line] if line.contains("WARN")), "{log_text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_waits_for_a_late_store_and_serves_nothing_until_then() {
    let (running, table) = start_without_table().await;
    let running = blocking(move || {
        assert_eq!(running.get("/healthz").0, 200);
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 503);
        running
    })
    .await;

    table.create_for("test").await;

    blocking(move || {
        until_ready_returns(&running, 200, "\"ready\"");
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_store_of_another_environment_ends_the_process_with_78() {
    let (mut running, table) = start_without_table().await;
    table.create_for("prod").await;
    let code = blocking(move || running.child.wait().unwrap().code()).await;
    assert_eq!(code, Some(78));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_waits_for_its_store_ends_at_sigterm() {
    // It accepts connections and never answers.
    let silent = emulator::listener().await;
    let endpoints = Endpoints { dynamodb: emulator::url(&silent), s3: emulator::url(&silent), sqs: None };
    let folder = tempdir().unwrap();
    let mut child =
        on(&endpoints, folder.path()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let connection = tokio::time::timeout(DEADLINE, silent.accept()).await.unwrap().unwrap();
    let killed = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let ended = blocking(move || child.wait().unwrap()).await;
    drop(connection);
    assert!(killed.success() && ended.success(), "{ended:?}");
}

/// The metadata service of an EC2 instance.
fn metadata() -> Router {
    let end = "2100-01-01T00:00:00Z";
    let credentials = serde_json::json!({"Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-01-01T00:00:00Z",
        "AccessKeyId": KEY, "SecretAccessKey": KEY, "Token": "token", "Expiration": end});
    let credentials = credentials.to_string();
    Router::new()
        .route(
            "/latest/api/token",
            put(|| async { ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "token") }),
        )
        .route("/latest/meta-data/placement/region", get(|| async { REGION }))
        .route("/latest/meta-data/iam/security-credentials/", get(|| async { "role" }))
        .route("/latest/meta-data/iam/security-credentials/role", get(move || async move { credentials }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_and_credentials_that_come_after_the_start_are_found() {
    let (endpoints, _objects) = stores().await;
    let listener = emulator::listener().await;
    let (url, address) = (emulator::url(&listener), listener.local_addr().unwrap());
    drop(listener);
    let (running, folder) = blocking(move || {
        let folder = tempdir().unwrap();
        let log = folder.path().join("log");
        let mut command = on(&endpoints, folder.path());
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_SERVICE_ENDPOINT", url);
        let running = Running::spawn(command.stderr(std::fs::File::create(&log).unwrap()));
        until_log_contains(&log, "there is no AWS region: set AWS_REGION");
        until_ready_returns(&running, 503, r#""status":"starting""#);
        (running, folder)
    })
    .await;
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, metadata()).await });
    blocking(move || {
        until_ready_returns(&running, 200, "\"ready\"");
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
        drop((running, folder));
    })
    .await;
}

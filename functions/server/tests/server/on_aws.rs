//! The binary on the stores of AWS, which emulators inside the test process stand in for.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use emulator::{Endpoints, KEY, REGION};
use tempfile::{TempDir, tempdir};
use tokio::net::TcpListener;

use crate::support::{
    pictures,
    running::{Running, command, output},
};

const TABLE: &str = "users";
const BUCKET: &str = "avatars";
const DEADLINE: Duration = Duration::from_mins(1);

async fn provision(endpoints: &Endpoints) {
    provision_for(endpoints, "test").await;
}

async fn provision_for(endpoints: &Endpoints, environment: &str) {
    let environment = environment.parse().unwrap();
    storage::aws::provision(&endpoints.config(), TABLE, BUCKET, &environment).await.unwrap();
}

fn on(endpoints: &Endpoints, folder: &Path) -> Command {
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
    ]);
    command
}

/// The same stores, made; and the folder of their objects.
async fn stores() -> (Endpoints, TempDir) {
    let folder = tempdir().unwrap();
    let endpoints = Endpoints::start(folder.path()).await;
    provision(&endpoints).await;
    (endpoints, folder)
}

/// Waits until `/readyz` answers with this status and these words.
fn until_ready_says(running: &Running, status: u16, words: &str) {
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

/// Waits for what blocks: the emulators go on beside it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// A table that is not there yet.
struct Late {
    endpoints: Endpoints,
    address: SocketAddr,
    _objects: TempDir,
}

impl Late {
    async fn comes_for(&self, environment: &str) {
        emulator::serve_dynamodb(TcpListener::bind(self.address).await.unwrap());
        provision_for(&self.endpoints, environment).await;
    }
}

/// A process that waits for its table.
async fn without_its_table() -> (Running, Late) {
    let (tables, objects) = (emulator::listener().await, emulator::listener().await);
    let endpoints = Endpoints { dynamodb: emulator::url(&tables), s3: emulator::url(&objects) };
    let (address, folder) = (tables.local_addr().unwrap(), tempdir().unwrap());
    emulator::serve_s3(objects, folder.path());
    drop(tables);
    let (place, at) = (folder.path().to_owned(), endpoints.clone());
    let running = blocking(move || {
        let running = Running::spawn(on(&at, &place).stderr(Stdio::null()));
        until_ready_says(&running, 503, "starting");
        running
    })
    .await;
    (running, Late { endpoints, address, _objects: folder })
}

fn path_of(url: &serde_json::Value) -> String {
    url.as_str().unwrap().strip_prefix("https://users.example.org").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_lives_from_its_creation_to_its_end_and_the_log_holds_nothing_of_it() {
    let (endpoints, _objects) = stores().await;
    let folder = tempdir().unwrap();
    blocking(move || {
        let log = folder.path().join("log");
        let mut command = on(&endpoints, folder.path());
        command.env("RUST_LOG", "trace,aws_smithy_runtime::client::orchestrator=trace");
        let mut running = Running::spawn(command.stderr(std::fs::File::create(&log).unwrap()));
        until_ready_says(&running, 200, "\"dynamodb\"");
        let picture = pictures::picture(40, 30, 1, image::ImageFormat::Jpeg);
        let (status, body) = running.create("ada.lovelace@example.org", &picture).unwrap();
        assert_eq!(status, 201, "{}", String::from_utf8_lossy(&body));
        assert_eq!(running.create("ada.lovelace@example.org", &picture).unwrap().0, 409);
        let user = running.users().remove(0);
        let first = path_of(&user["avatar_url"]);
        assert_eq!(pictures::opens(&running.get(&first).1), (40, 30));
        let id = first.split('/').nth(2).unwrap().to_owned();
        let json = [("content-type", "application/json")];
        let renamed = running.request_with(&format!("PATCH /users/{id}"), &json, br#"{"name": "Countess"}"#);
        assert_eq!(renamed.unwrap().0, 200);
        let png = [("content-type", "image/png")];
        let put = running.request_with(&format!("PUT /users/{id}/avatar"), &png, &pictures::small_jpeg());
        assert_eq!(put.unwrap().0, 200);
        assert_eq!(running.get(&first).0, 404);
        let second = path_of(&running.users()[0]["avatar_url"]);
        assert_eq!(running.get(&second).0, 200);
        assert_eq!(running.request(&format!("DELETE /users/{id}"), b"").unwrap().0, 204);
        assert_eq!((running.users().len(), running.get(&second).0), (0, 404));
        running.signal("-TERM");
        assert!(running.child.wait().unwrap().success());

        let text = std::fs::read_to_string(&log).unwrap();
        for secret in
            ["lovelace", "Countess", "\"Ada\"", "\\\"Ada\\\"", "ada@", "AWS4-HMAC", "X-Amz-Security"]
        {
            assert!(!text.contains(secret), "{secret} is in the log");
        }
        assert!(text.contains("\"request\""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_table_of_another_environment_ends_the_start_with_78() {
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
async fn a_store_that_comes_late_is_waited_for_and_nothing_is_served_until_then() {
    let (running, late) = without_its_table().await;
    let running = blocking(move || {
        assert_eq!(running.get("/healthz").0, 200);
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 503);
        running
    })
    .await;

    late.comes_for("test").await;

    blocking(move || {
        until_ready_says(&running, 200, "\"ready\"");
        assert_eq!(running.create("ada@example.org", &pictures::small_jpeg()).unwrap().0, 201);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_comes_late_and_is_of_another_environment_ends_the_process_with_78() {
    let (mut running, late) = without_its_table().await;
    late.comes_for("prod").await;
    let code = blocking(move || running.child.wait().unwrap().code()).await;
    assert_eq!(code, Some(78));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_waits_for_its_store_ends_when_it_is_told_to() {
    // It takes connections and never answers.
    let silent = emulator::listener().await;
    let endpoints = Endpoints { dynamodb: emulator::url(&silent), s3: emulator::url(&silent) };
    let folder = tempdir().unwrap();
    let mut child =
        on(&endpoints, folder.path()).stderr(Stdio::null()).stdout(Stdio::null()).spawn().unwrap();
    let connection = tokio::time::timeout(DEADLINE, silent.accept()).await.unwrap().unwrap();
    let told = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    let ended = blocking(move || child.wait().unwrap()).await;
    drop(connection);
    assert!(told.success() && ended.success(), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_goes_away_degrades_the_instance_and_does_not_take_it_out_of_service() {
    let folder = tempdir().unwrap();
    // On a runtime of its own, which ends before the test does.
    let (give, given) = std::sync::mpsc::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let place = folder.path().to_owned();
    let emulators = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let endpoints = Endpoints::start(&place).await;
            provision(&endpoints).await;
            give.send(endpoints).unwrap();
            drop(ended.await);
        });
    });
    let endpoints = given.recv().unwrap();
    blocking(move || {
        let running = Running::spawn(on(&endpoints, folder.path()).stderr(Stdio::null()));
        until_ready_says(&running, 200, "\"ready\"");
        end.send(()).unwrap();
        emulators.join().unwrap();
        until_ready_says(&running, 200, "degraded");
        assert_eq!(running.get("/users").0, 503);
        assert_eq!(running.get("/healthz").0, 200);
    })
    .await;
}

//! A Roster behind the proxy, what is done with it, and what it logs.

use std::{
    collections::HashMap,
    io,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use axum::{body::Body, http::Request};
use domain::{Image, ImageFormat, Md5, OpenImage, User};
use emulator::{AwsAnswer, AwsRequest, Endpoints, Reply, proxy};
use http_body_util::BodyExt as _;
use process_avatar::{Processor, process_events};
use runtime::Telemetry;
use serde_json::json;
use storage::{
    Boundary, Faults,
    aws::Options,
    conformance::{open_aws, sample},
};
use tempfile::TempDir;
use tokio::sync::Notify;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

use super::{
    commands,
    rows::{Act, ORPHAN, ROWS, Row},
};
use crate::support::{Answer, Settings, TestApp, form::Form, pictures};

const EVENTS: &str = "http://sqs.test/1/events";
const DEAD_LETTERS: &str = "http://sqs.test/1/dead";

/// Bytes of an image that is sent in pieces.
const LARGE: usize = 3 * OpenImage::PIECE_BYTES + 100;

/// The outcome of a worker without an event.
const NO_EVENT: &str = "no event; the worker goes on";

/// What was logged in this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

/// What a worker does with its event.
#[derive(Default)]
struct Worker {
    /// The calls that end a delivery, with their bodies.
    calls: Mutex<Vec<(String, String)>>,
    /// The call that ends the delivery was refused.
    failed: AtomicBool,
    over: Notify,
}

impl Worker {
    fn see(&self, request: &AwsRequest, count: u32) {
        let ends =
            ["DeleteMessage", "SendMessage", "ChangeMessageVisibility"].contains(&request.call.as_str());
        if ends {
            self.calls.lock().unwrap().push((request.call.clone(), request.body.clone()));
        }
        if ends || (request.call == "ReceiveMessage" && count > 0) {
            self.over.notify_one();
        }
    }
}

/// The emulators, with one user.
struct Stage {
    endpoints: Endpoints,
    options: Options,
    user: User,
    objects: TempDir,
}

impl Stage {
    async fn new(act: Act) -> Self {
        let objects = tempfile::tempdir().unwrap();
        let endpoints =
            Endpoints { sqs: Some("http://sqs.test".to_owned()), ..Endpoints::start(objects.path()).await };
        let config = endpoints.config();
        storage::aws::provision(&config, "users", "avatars", &"test".parse().unwrap()).await.unwrap();
        storage::aws::provision_uploads(&config, "uploads").await.unwrap();
        let options = Options {
            users_table: "users".to_owned(),
            avatars_bucket: Some("avatars".to_owned()),
            uploads_bucket: Some("uploads".to_owned()),
            events_queue_url: Some(EVENTS.to_owned()),
            dead_letters_url: Some(DEAD_LETTERS.to_owned()),
            links: domain::Links::new(crate::support::BASE, crate::support::BASE),
        };
        let stores = open_aws(&options, &config, Faults::default()).stores;
        let bytes = match act {
            Act::LargeImage => (0..=250).cycle().take(LARGE).collect(),
            _ => pictures::small_jpeg(),
        };
        let image = Image::new(ImageFormat::Jpeg, bytes.into());
        let user = sample::create(&stores, sample::with_image("ada", image)).await;
        if matches!(act, Act::Sweep) {
            let file = objects.path().join("avatars").join(ORPHAN);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "left").unwrap();
        }
        Self { endpoints, options, user, objects }
    }

    /// A Roster whose every request to AWS goes through the proxy.
    fn roster(&self, row: &'static Row, worker: Arc<Worker>) -> TestApp {
        let (counts, key) = (Mutex::new(HashMap::new()), sample::key(&self.user).to_string());
        let http = proxy(emulator::http(), move |request| {
            // The first reads of a process: the environment of the table, the marker of the bucket.
            let is_start = (request.call == "GetItem" && request.body.contains("#roster"))
                || request.uri.contains("roster.json");
            if is_start {
                return Reply::Pass;
            }
            let count = {
                let mut counts = counts.lock().unwrap();
                let count = counts.entry(request.call.clone()).or_insert(0_u32);
                *count += 1;
                *count - 1
            };
            worker.see(request, count);
            let reply = (row.reply)(request, count);
            let ends = ["DeleteMessage", "ChangeMessageVisibility"].contains(&request.call.as_str());
            if ends && !matches!(reply, Reply::Pass) {
                worker.failed.store(true, Ordering::SeqCst);
            }
            match reply {
                Reply::Pass if request.uri.starts_with("http://sqs.test") => queue(request, count, &key),
                reply => reply,
            }
        });
        // These rows are not about time.
        let config = emulator::patient(&self.endpoints.config()).into_builder().http_client(http).build();
        let telemetry = Telemetry::for_server(None);
        let mut connection = open_aws(&self.options, &config, Faults::default());
        let boundary = Boundary {
            expected: Some("test".parse().unwrap()),
            observer: Some(Arc::new(telemetry.clone())),
            ..Boundary::default()
        };
        (connection.stores, connection.tools, connection.guard) =
            boundary.around(connection.stores.clone(), connection.tools.clone());
        TestApp::on_connection(connection, Faults::default(), telemetry, Settings::default())
    }
}

/// An SQS with one event.
fn queue(request: &AwsRequest, count: u32, key: &str) -> Reply {
    let answer = match request.call.as_str() {
        "ReceiveMessage" if count == 0 => message(
            &json!({"Records": [{
            "eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": "avatars"}, "object": {"key": key}}}]})
            .to_string(),
        ),
        "ReceiveMessage" if request.body.contains(DEAD_LETTERS) => "{}".to_owned(),
        "ReceiveMessage" => return Reply::Silence,
        "SendMessage" => json!({"MessageId": "a", "MD5OfMessageBody": "a"}).to_string(),
        "GetQueueAttributes" => json!({"Attributes": {"ApproximateNumberOfMessages": "1",
            "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}})
        .to_string(),
        "ChangeMessageVisibilityBatch" => json!({"Successful": [{"Id": "0"}], "Failed": []}).to_string(),
        _ => "{}".to_owned(),
    };
    Reply::Answer(AwsAnswer::new(200, answer))
}

/// The answer to `ReceiveMessage` with a message that has this body.
pub(super) fn message(body: &str) -> String {
    json!({"Messages": [{"MessageId": "m", "ReceiptHandle": "r", "Body": body,
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764158400000"}}]})
    .to_string()
}

/// Runs a row.
pub(super) async fn run(name: &str) {
    let row = ROWS.iter().find(|row| row.name == name).unwrap();
    let stage = Stage::new(row.act).await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_ansi(false).finish();
    let worker = Arc::<Worker>::default();
    let outcome = {
        let _logged = tracing::subscriber::set_default(subscriber);
        let app = stage.roster(row, worker.clone());
        let outcome = act(row, &app, &stage.user, &worker).await;
        app.connection.close().await;
        outcome
    };
    let text = log.text();
    assert_eq!(outcome, row.outcome, "{text}");
    if matches!(row.act, Act::Libravatar) && outcome != "200" {
        let kept = stage.objects.path().join("avatars").join("renditions");
        assert!(!kept.exists(), "nothing is kept of what could not be read");
    }
    if row.log.is_empty() {
        // Not what the emulator, and the SDK about connections that the test does not have, log.
        let of_roster = |line: &&str| !line.contains("dynoxide::") && !line.contains("aws_smithy_runtime::");
        let is_loud = |line: &str| line.contains(" WARN ") || line.contains("ERROR ");
        assert!(!text.lines().filter(of_roster).any(is_loud), "{text}");
    } else {
        assert!(text.contains(row.log), "{text}");
    }
}

async fn act(row: &Row, app: &TestApp, user: &User, worker: &Worker) -> String {
    let (id, jpeg) = (user.id, [("content-type", "image/jpeg")]);
    let answer = match row.act {
        Act::List => return list(app).await,
        Act::Get => app.get(&format!("/users/{id}")).await,
        Act::Create => app.post(Form::user("Bob", "bob@example.org", &pictures::small_jpeg())).await,
        Act::Rename => app.patch(&id.to_string(), r#"{"name": "Countess"}"#).await,
        Act::PutAvatar => {
            app.request("PUT", &format!("/users/{id}/avatar"), &jpeg, pictures::small_jpeg()).await
        }
        Act::Delete => app.request("DELETE", &format!("/users/{id}"), &[], "").await,
        Act::LargeImage => return large_image(app, &format!("/{}", sample::key(user))).await,
        Act::Image => app.get(&format!("/{}", sample::key(user))).await,
        Act::Libravatar => {
            let md5 = Md5::of(&user.email);
            app.get(&format!("/avatar/{md5}?d=404")).await
        }
        Act::Announce => {
            let body = json!({"content_type": "image/jpeg", "size": 9}).to_string();
            app.request("POST", "/uploads", &[("content-type", "application/json")], body).await
        }
        Act::Ready => return ready(app).await,
        Act::Work => return work(app, worker, row.outcome != NO_EVENT).await,
        Act::Sweep => return commands::sweep(app).await,
        Act::Letters => return commands::list_letters(app).await,
    };
    let outcome = shown(&answer);
    if matches!(row.act, Act::Create | Act::PutAvatar) && answer.status.is_success() {
        let image = app.image(&answer.json()["avatar_url"]).await;
        assert_eq!(image.status, 200, "a user that is answered has its image");
    }
    outcome
}

/// Lists all users, and counts those that are left out.
async fn list(app: &TestApp) -> String {
    let outcome = shown(&app.get("/users").await);
    let metrics = app.telemetry.scrape(None);
    let count = metrics.lines().find_map(|line| line.strip_prefix("roster_users_left_out_total ")).unwrap();
    if count == "0" { outcome } else { format!("{outcome}, {count} left out") }
}

/// The status; with its kind for a problem, and the number of users for a list.
fn shown(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    if answer.header("content-type") == "application/problem+json" {
        return format!("{status} {}", answer.problem().1);
    }
    match serde_json::from_slice::<serde_json::Value>(&answer.body) {
        Ok(serde_json::Value::Array(users)) => format!("{status}, {} users", users.len()),
        _ => status.to_string(),
    }
}

/// An image that is sent while it is read. The next request gets it whole.
async fn large_image(app: &TestApp, path: &str) -> String {
    let get = || app.router.clone().oneshot(Request::get(path).body(Body::empty()).unwrap());
    let response = get().await.unwrap();
    let (status, mut body, mut received) = (response.status().as_u16(), response.into_body(), 0);
    let outcome = loop {
        match body.frame().await {
            Some(Ok(frame)) => received += frame.into_data().unwrap().len(),
            Some(Err(_)) => break "then broken off",
            None => break "whole",
        }
    };
    assert_eq!(received == LARGE, outcome == "whole", "{received}");
    let whole = get().await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(whole.iter().copied().eq((0..=250).cycle().take(LARGE)), "nothing damaged is kept");
    format!("{status}, {outcome}")
}

/// `GET /readyz` of a process that has the queue.
async fn ready(app: &TestApp) -> String {
    let (health, queue) = (app.connection.stores.health.clone(), app.connection.tools.queue.clone());
    let router = web::health::routes(web::health::Health::new(app.lifecycle.clone(), health, queue));
    let request = Request::get("/readyz").body(Body::empty()).unwrap();
    let response = router.oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let counts = if body["events"].is_null() { "without" } else { "with" };
    format!("{}, {counts} counts of events", status.as_u16())
}

/// Has a worker process one event; returns what happened to it.
async fn work(app: &TestApp, worker: &Worker, has_event: bool) -> String {
    app.connection.guard.pass().await.unwrap();
    if !has_event {
        // The emulators are not asked any more, and nothing but a pause of the worker is left.
        tokio::time::pause();
    }
    let queue = app.connection.tools.queue.clone().unwrap();
    let processor = Processor::new(&Settings::default().app(app.connection.stores.clone()).services);
    process_events(queue, processor, worker.over.notified()).await;
    let (calls, failed) = (worker.calls.lock().unwrap(), worker.failed.load(Ordering::SeqCst));
    let is = |name: &str, url: &str| calls.iter().any(|(call, body)| call == name && body.contains(url));
    let ends = (is("SendMessage", DEAD_LETTERS), is("SendMessage", EVENTS), is("DeleteMessage", EVENTS));
    let outcome = match ends {
        (true, _, true) => "dead letter",
        (_, true, true) => "event postponed",
        (true, _, false) | (_, true, false) => "event comes again",
        (false, false, true) if failed => "event done, or comes again",
        (false, false, true) => "event done",
        (false, false, false) if !is("ChangeMessageVisibility", EVENTS) => NO_EVENT,
        (false, false, false) if failed => "event comes again",
        (false, false, false) => "event retried",
    };
    outcome.to_owned()
}

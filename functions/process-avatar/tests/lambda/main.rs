//! The function, started as Lambda does it, with DynamoDB and S3 inside this process and an SQS that records
//! its calls.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod deadline;

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, http::HeaderMap, routing::post};
use domain::{AvatarKey, Stores, User};
use emulator::Endpoints;
use runtime_api::{Function, RuntimeApi};
use serde_json::{Value, json};
use storage::conformance::sample;
use tempfile::TempDir;

const QUEUE: &str = "http://sqs.example/1/events";
const DEAD_LETTERS: &str = "http://sqs.example/1/dead";

/// The calls to SQS: action and parameters.
type RecordedCalls = Arc<Mutex<Vec<(String, Value)>>>;

/// The AWS emulators of the function.
struct Aws {
    endpoints: Endpoints,
    stores: Stores,
    calls: RecordedCalls,
    folder: TempDir,
}

async fn call(State(calls): State<RecordedCalls>, headers: HeaderMap, body: String) -> String {
    let action = headers["x-amz-target"].to_str().unwrap().split('.').nth(1).unwrap().to_owned();
    calls.lock().unwrap().push((action, serde_json::from_str(&body).unwrap()));
    json!({"MessageId": "a", "MD5OfMessageBody": "a"}).to_string()
}

impl Aws {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (listener, calls) = (emulator::listener().await, RecordedCalls::default());
        let sqs = emulator::url(&listener);
        let router = Router::new().route("/", post(call)).with_state(calls.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let endpoints = Endpoints { sqs: Some(sqs), ..Endpoints::start(folder.path()).await };
        let config = endpoints.config();
        storage::aws::provision(&config, "users", "avatars", &"test".parse().unwrap()).await.unwrap();
        let options = storage::aws::Options {
            users_table: "users".to_owned(),
            avatars_bucket: Some("avatars".to_owned()),
            uploads_bucket: None,
            events_queue_url: None,
            dead_letters_url: None,
            links: domain::Links::default(),
        };
        let stores = storage::conformance::open_aws(&options, &config, storage::Faults::default()).stores;
        Self { endpoints, stores, calls, folder }
    }

    fn function(&self, api: &RuntimeApi, faults: &str) -> Function {
        let settings = [
            ("ROSTER_STORAGE", "aws"),
            ("ROSTER_AUTH", ""),
            ("ROSTER_ENVIRONMENT", "test"),
            ("ROSTER_USERS_TABLE", "users"),
            ("ROSTER_AVATARS_BUCKET", "avatars"),
            ("ROSTER_EVENTS_QUEUE_URL", QUEUE),
            ("ROSTER_DEAD_LETTERS_URL", DEAD_LETTERS),
            ("ROSTER_FAULTS", faults),
            ("AWS_REGION", emulator::REGION),
            ("AWS_ACCESS_KEY_ID", emulator::KEY),
            ("AWS_SECRET_ACCESS_KEY", emulator::KEY),
            ("AWS_ENDPOINT_URL_DYNAMODB", &self.endpoints.dynamodb),
            ("AWS_ENDPOINT_URL_S3", &self.endpoints.s3),
            ("AWS_ENDPOINT_URL_SQS", self.endpoints.sqs.as_deref().unwrap()),
        ];
        Function::start(env!("CARGO_BIN_EXE_process-avatar"), self.folder.path(), api, &settings).unwrap()
    }

    async fn user(&self, who: &str) -> User {
        let picture = include_bytes!("../../../../samples/small.jpg");
        let image = domain::Image::new(domain::ImageFormat::Jpeg, bytes::Bytes::from_static(picture));
        sample::create(&self.stores, sample::with_image(who, image)).await
    }

    /// How many renditions of this image are stored.
    async fn kept(&self, key: &AvatarKey) -> usize {
        let mut kept = 0;
        for rendition in key.renditions() {
            kept += usize::from(self.stores.renditions.read(&rendition).await.is_ok());
        }
        kept
    }

    fn sqs_calls(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut *self.calls.lock().unwrap())
    }
}

/// The S3 notification of an object that was put into a bucket with versioning.
fn notification(key: &str) -> String {
    json!({"Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
        "eventTime": "2026-11-26T12:00:00.000Z", "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "EXAMPLE"}, "requestParameters": {"sourceIPAddress": "127.0.0.1"},
        "responseElements": {"x-amz-request-id": "EXAMPLE", "x-amz-id-2": "EXAMPLE"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "avatars",
            "bucket": {"name": "avatars", "ownerIdentity": {"principalId": "EXAMPLE"}, "arn": "arn:aws:s3:::avatars"},
            "object": {"key": key, "size": 9, "eTag": "0", "versionId": "096fKKXTRTtl3on89fVO.nfljtsv6qko",
                "sequencer": "0055AED6DCD90281E5"}}}]})
    .to_string()
}

/// A batch as Lambda passes it to the function.
fn batch(bodies: &[String], receives: u32) -> String {
    let messages = bodies.iter().enumerate().map(|(number, body)| {
        json!({"messageId": format!("message-{number}"), "receiptHandle": format!("receipt-{number}"), "body": body,
            "attributes": {"ApproximateReceiveCount": receives.to_string(), "SentTimestamp": "1764158400000",
                "SenderId": "EXAMPLE", "ApproximateFirstReceiveTimestamp": "1764158400001"},
            "messageAttributes": {}, "md5OfBody": "0", "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-central-1:1:events", "awsRegion": "eu-central-1"})
    });
    json!({"Records": messages.collect::<Vec<_>>()}).to_string()
}

fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap();
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}

/// Name, unit and sets of dimensions of the metrics in a line.
fn written(line: &Value) -> Vec<String> {
    let directive = &line["_aws"]["CloudWatchMetrics"][0];
    let metrics = directive["Metrics"].as_array().unwrap().iter();
    let text = |metric: &Value| {
        let (name, unit) = (metric["Name"].as_str().unwrap(), metric["Unit"].as_str().unwrap());
        assert!(line[name].is_number() && line["event.outcome"].is_string(), "{line}");
        format!("`{name}` | {unit} | `{}`", directive["Dimensions"][0][0].as_str().unwrap())
    };
    metrics.map(text).collect()
}

/// The same, as `docs/telemetry.md` lists them.
fn documented() -> Vec<String> {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| metric of an event |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches(['|', ' ']).to_owned()).collect()
}

#[tokio::test]
async fn a_malformed_event_in_a_batch_is_not_retried() {
    let (aws, api) = (Aws::start().await, RuntimeApi::start().await.unwrap());
    let function = aws.function(&api, "");
    let mut keys = Vec::new();
    for number in 0..4 {
        keys.push(sample::key(&aws.user(&format!("user{number}")).await));
    }
    let mut bodies: Vec<_> = keys.iter().map(|key| notification(&key.to_string())).collect();
    bodies.push(notification(&keys[0].to_string().replace('/', "%2F")));
    bodies.push(notification("avatars/another+program%27s.png"));
    bodies.push(json!({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "avatars"}).to_string());
    let gone = aws.user("gone").await;
    aws.stores.users.delete(&gone).await.unwrap();
    let gone = sample::key(&gone);
    bodies.push(notification(&gone.to_string()));

    let answer = api.invoke(batch(&bodies, 1)).await.answered();
    assert_eq!(failures(&answer), [] as [&str; 0]);
    for key in &keys {
        assert_eq!(aws.kept(key).await, 6, "{key}");
    }
    let sent = aws.sqs_calls();
    let actions: Vec<_> = sent.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["SendMessage", "DeleteMessage"]);
    let (_, letter) = &sent[0];
    assert_eq!((&letter["QueueUrl"], &letter["MessageBody"]), (&json!(DEAD_LETTERS), &json!(bodies[5])));
    assert_eq!(letter["MessageAttributes"]["reason"]["StringValue"], "the object key is not an avatar key");
    assert_eq!(sent[1].1, json!({"QueueUrl": QUEUE, "ReceiptHandle": "receipt-5"}));

    let log = function.terminated().await;
    assert!(log.status.success());
    let metrics = String::from_utf8(log.stdout).unwrap();
    assert_eq!(metrics.lines().count(), 7, "{metrics}");
    for line in metrics.lines() {
        assert_eq!(written(&serde_json::from_str(line).unwrap()), documented());
    }
    let log = String::from_utf8(log.stderr).unwrap();
    assert!(!log.contains("example.org"), "{log}");
}

#[tokio::test]
async fn a_failed_event_is_retried_and_dead_lettered_after_five_deliveries() {
    let (aws, api) = (Aws::start().await, RuntimeApi::start().await.unwrap());
    let function = aws.function(&api, "renditions.keep=damaged*2");
    let keys = [sample::key(&aws.user("ada").await), sample::key(&aws.user("bob").await)];
    let bodies = keys.map(|key| notification(&key.to_string()));
    let answer = api.invoke(batch(&bodies[..1], 1)).await.answered();
    assert_eq!(failures(&answer), ["message-0"]);
    assert_eq!(aws.sqs_calls(), []);

    let answer = api.invoke(batch(&bodies, 5)).await.answered();
    assert_eq!(failures(&answer), [] as [&str; 0]);
    assert_eq!((aws.kept(&keys[0]).await, aws.kept(&keys[1]).await), (0, 6));
    let (_, letter) = &aws.sqs_calls()[0];
    let reason = letter["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap();
    assert!(reason.starts_with("failed 5 times"), "{reason}");
    drop(function);
}

#[tokio::test]
async fn an_event_is_requeued_with_its_counts_while_the_store_is_down() {
    let (aws, api) = (Aws::start().await, RuntimeApi::start().await.unwrap());
    let function = aws.function(&api, "renditions.keep=unavailable*2,renditions.keep=damaged*1@from:3");
    let key = sample::key(&aws.user("ada").await);
    let bodies = [notification(&key.to_string())];
    let answer = api.invoke(batch(&bodies, 5)).await.answered();
    assert_eq!(failures(&answer), [] as [&str; 0]);
    let sent = aws.sqs_calls();
    let actions: Vec<_> = sent.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["SendMessage", "DeleteMessage"]);
    let (message, own) =
        (&sent[0].1, |name: &str| sent[0].1["MessageAttributes"][name]["StringValue"].clone());
    assert_eq!((&message["QueueUrl"], &message["MessageBody"]), (&json!(QUEUE), &json!(bodies[0])));
    assert_eq!(
        (own("failures"), own("postponed"), own("sent_at")),
        (json!("4"), json!("1"), json!("1764158400000"))
    );
    assert_eq!(sent[1].1, json!({"QueueUrl": QUEUE, "ReceiptHandle": "receipt-0"}));

    // It is redelivered as a new message, with a new delivery count.
    let again = || {
        let mut again: Value = serde_json::from_str(&batch(&bodies, 1)).unwrap();
        let number = |value: &str| json!({"stringValue": value, "dataType": "Number"});
        again["Records"][0]["messageAttributes"] =
            json!({"failures": number("4"), "postponed": number("1"), "sent_at": number("1764158400000")});
        again.to_string()
    };
    assert_eq!(failures(&api.invoke(again()).await.answered()), [] as [&str; 0]);
    let sent = aws.sqs_calls();
    let own = |name: &str| sent[0].1["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!((own("failures"), own("postponed")), (json!("4"), json!("2")));
    // A failure of the event itself counts: this is the fifth.
    assert_eq!(failures(&api.invoke(again()).await.answered()), [] as [&str; 0]);
    let sent = aws.sqs_calls();
    assert_eq!(sent[0].1["QueueUrl"], json!(DEAD_LETTERS));
    let reason = sent[0].1["MessageAttributes"]["reason"]["StringValue"].as_str().unwrap();
    assert!(reason.starts_with("failed 5 times"), "{reason}");
    drop(function);
}

#[tokio::test]
async fn an_event_is_sent_anew_and_not_counted_while_the_environment_cannot_be_read() {
    let (aws, api) = (Aws::start().await, RuntimeApi::start().await.unwrap());
    let function = aws.function(&api, "health.check=damaged");
    let key = sample::key(&aws.user("ada").await);
    let answer = api.invoke(batch(&[notification(&key.to_string())], 5)).await.answered();
    assert_eq!(failures(&answer), [] as [&str; 0]);
    let sent = aws.sqs_calls();
    let actions: Vec<_> = sent.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(actions, ["SendMessage", "DeleteMessage"]);
    assert_eq!(sent[0].1["QueueUrl"], json!(QUEUE));
    let own = |name: &str| sent[0].1["MessageAttributes"][name]["StringValue"].clone();
    assert_eq!((own("failures"), own("postponed")), (json!("4"), json!("1")), "this delivery does not count");
    drop(function);
}

#[tokio::test]
async fn a_missing_queue_setting_is_named() {
    let (folder, api) = (tempfile::tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let settings = [
        ("ROSTER_STORAGE", "aws"),
        ("ROSTER_ENVIRONMENT", "test"),
        ("ROSTER_USERS_TABLE", "users"),
        ("ROSTER_AVATARS_BUCKET", "avatars"),
    ];
    let program = env!("CARGO_BIN_EXE_process-avatar");
    let ended = Function::start(program, folder.path(), &api, &settings).unwrap().ended().await;
    assert_eq!(ended.status.code(), Some(64));
    let log = String::from_utf8(ended.stderr).unwrap();
    assert!(log.contains("ROSTER_EVENTS_QUEUE_URL: must be set"), "{log}");
}

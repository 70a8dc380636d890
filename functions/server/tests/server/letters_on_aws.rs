//! `roster events` on an SQS that counts approximately, answers without letters that it has, and lets leases end.

use std::{
    process::Output,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use emulator::Endpoints;
use serde_json::{Value, json};
use tempfile::tempdir;

use crate::support::{
    aws::{blocking, on, stores},
    running::output,
};

const EVENTS: &str = "http://sqs.example/1/events";
const DEAD_LETTERS: &str = "http://sqs.example/1/dead";

/// The dead letters of an SQS.
#[derive(Clone, Default)]
struct Letters(Arc<Mutex<Queue>>);

#[derive(Default)]
struct Queue {
    /// Id, whether it is hidden, and when its event was sent, in milliseconds since the epoch.
    letters: Vec<(u32, bool, u128)>,
    receives: u32,
    last: u32,
    /// A batch has had an error of SQS.
    has_failed: bool,
    /// A worker dead-letters again what is sent.
    is_sent_back: bool,
}

async fn call(State(letters): State<Letters>, headers: HeaderMap, body: String) -> (StatusCode, String) {
    let action = headers["x-amz-target"].to_str().unwrap().split('.').nth(1).unwrap().to_owned();
    let (status, answer) = letters.answer(&action, &serde_json::from_str(&body).unwrap());
    (status, answer.to_string())
}

fn now_ms() -> u128 {
    std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()
}

impl Letters {
    fn with(count: u32, is_sent_back: bool) -> Self {
        let letters = (1..=count).map(|id| (id, false, now_ms() - 60_000)).collect();
        Self(Arc::new(Mutex::new(Queue { letters, last: count, is_sent_back, ..Queue::default() })))
    }

    fn ids(&self) -> Vec<u32> {
        self.0.lock().unwrap().letters.iter().map(|(id, ..)| *id).collect()
    }

    fn hidden(&self) -> usize {
        self.0.lock().unwrap().letters.iter().filter(|(_, is_hidden, _)| *is_hidden).count()
    }

    fn answer(&self, action: &str, request: &Value) -> (StatusCode, Value) {
        let mut state = self.0.lock().unwrap();
        let receipt = request["ReceiptHandle"].as_str().and_then(|receipt| receipt.parse::<u32>().ok());
        match action {
            // As it may for a minute after the letters came.
            "GetQueueAttributes" => (
                StatusCode::OK,
                json!({"Attributes": {"ApproximateNumberOfMessages": "0",
                "ApproximateNumberOfMessagesNotVisible": "0", "ApproximateNumberOfMessagesDelayed": "0"}}),
            ),
            "ReceiveMessage" => {
                state.receives += 1;
                if state.receives % 2 == 1 {
                    return (StatusCode::OK, json!({}));
                }
                let visible = state.letters.iter_mut().filter(|(_, is_hidden, _)| !is_hidden).take(2);
                let message = |(id, is_hidden, sent): &mut (u32, bool, u128)| {
                    *is_hidden = true;
                    json!({"MessageId": format!("letter-{id}"), "ReceiptHandle": id.to_string(), "Body": "{}",
                        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": sent.to_string()}})
                };
                let messages: Vec<_> = visible.map(message).collect();
                (StatusCode::OK, json!({"Messages": messages}))
            }
            "SendMessage" => {
                assert_eq!(request["QueueUrl"], EVENTS);
                if state.is_sent_back {
                    state.last += 1;
                    let letter = (state.last, false, now_ms() + 2000);
                    state.letters.push(letter);
                }
                (StatusCode::OK, json!({"MessageId": "sent", "MD5OfMessageBody": "x"}))
            }
            "DeleteMessage" => {
                state.letters.retain(|(id, ..)| Some(*id) != receipt);
                (StatusCode::OK, json!({}))
            }
            "ChangeMessageVisibilityBatch" => {
                let (mut successful, mut failed) = (Vec::new(), Vec::new());
                for entry in request["Entries"].as_array().unwrap() {
                    assert_eq!(entry["VisibilityTimeout"], 0);
                    let receipt = entry["ReceiptHandle"].as_str().unwrap().parse::<u32>().unwrap();
                    // The lease of the first letter has ended; the first answer about the second one is an error of SQS.
                    let code = match receipt {
                        1 => Some("AWS.SimpleQueueService.MessageNotInflight"),
                        2 if !state.has_failed => Some("InternalError"),
                        _ => None,
                    };
                    if let Some(code) = code {
                        state.has_failed |= receipt == 2;
                        failed.push(json!({"Id": entry["Id"], "Code": code, "SenderFault": receipt == 1}));
                        continue;
                    }
                    for (id, is_hidden, _) in &mut state.letters {
                        *is_hidden &= *id != receipt;
                    }
                    successful.push(json!({"Id": entry["Id"]}));
                }
                (StatusCode::OK, json!({"Successful": successful, "Failed": failed}))
            }
            other => panic!("{other} is not called"),
        }
    }

    /// `roster events` with these arguments.
    async fn run(&self, arguments: &'static [&'static str]) -> Output {
        let listener = emulator::listener().await;
        let sqs = emulator::url(&listener);
        let router = Router::new().route("/", post(call)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let (endpoints, _objects): (Endpoints, _) = stores().await;
        blocking(move || {
            let folder = tempdir().unwrap();
            let mut command = on(&endpoints, folder.path());
            command.env("AWS_ENDPOINT_URL_SQS", sqs).env("ROSTER_EVENTS_QUEUE_URL", EVENTS);
            output(command.env("ROSTER_DEAD_LETTERS_URL", DEAD_LETTERS).args(arguments))
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_letters_are_dropped_although_the_counters_are_0_and_an_answer_has_none() {
    let letters = Letters::with(5, false);
    let ended = letters.run(&["events", "drop", "--all"]).await;
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), "5 dropped\n");
    assert!(ended.status.success() && letters.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn redriving_all_ends_although_a_worker_dead_letters_them_again() {
    let letters = Letters::with(3, true);
    let ended = letters.run(&["events", "redrive", "--all"]).await;
    assert_eq!(String::from_utf8(ended.stdout).unwrap(), "3 redriven\n");
    assert_eq!((ended.status.success(), letters.ids(), letters.hidden()), (true, vec![4, 5, 6], 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_shows_each_letter_once_and_releases_all_although_a_lease_has_ended() {
    let letters = Letters::with(25, false);
    let ended = letters.run(&["events", "list", "--json"]).await;
    let lines = String::from_utf8(ended.stdout).unwrap();
    assert_eq!((ended.status.success(), lines.lines().count()), (true, 25), "{lines}");
    // That of the ended lease counts as hidden here: another call has it.
    assert_eq!((letters.ids().len(), letters.hidden()), (25, 1));
}

//! Requests of every kind, with personal data and secrets wherever a client can put them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use super::{
    form::Form,
    metrics::value,
    pictures,
    running::{Running, command},
};

/// Words that must never appear outside the store and the responses, in lower case.
pub const SECRETS: [&str; 4] = ["hopper", "navy.example", "s3cr3t", "hunter2"];

/// The trace parent of every request of the mix.
pub const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A Roster whose first read of a user fails, with its whole log in `log`.
pub fn command_for_mix(folder: &Path, log: &Path) -> std::process::Command {
    let mut command = command(folder);
    command.env("ROSTER_FAULTS", "users.get=unavailable*1").env("RUST_LOG", "trace").env("ROSTER_DEMO", "on");
    command.stderr(std::fs::File::create(log).unwrap());
    command
}

/// Sends all requests, one after the other.
pub fn send(running: &Running) {
    let headers = [
        ("traceparent", CALLER),
        ("authorization", "Bearer s3cr3t"),
        ("cookie", "session=hunter2"),
        ("referer", "https://navy.example/grace.hopper"),
    ];
    let ask = |head: &str, content_type: &str, body: &[u8]| {
        let headers = [headers.as_slice(), &[("content-type", content_type)]].concat();
        running.request_with(head, &headers, body).expect("an answer")
    };
    let form = |image: &[u8]| Form::user("Grace Hopper", "grace.hopper@navy.example", image).bytes();
    let create = |image: &[u8]| ask("POST /user", &Form::content_type(), &form(image));
    let (status, body) = create(&pictures::small_jpeg());
    assert_eq!(status, 201);
    let user: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let id = user["id"].as_str().unwrap();
    let avatar = user["avatar_url"].as_str().unwrap().split(&running.address).nth(1).unwrap();
    until_processed(running);
    assert_eq!(create(&pictures::small_jpeg()).0, 409);
    assert_eq!(create(b"hopper is no picture").0, 415);

    let png = pictures::picture(9, 7, 1, image::ImageFormat::Png);
    let name = br#"{"name": "Grace Brewster Hopper"}"#;
    for (head, content_type, body, expected) in [
        (format!("GET /users/{id}"), "", b"".as_slice(), 503),
        (format!("GET /users/{id}"), "", b"", 200),
        ("GET /users".to_owned(), "", b"", 200),
        ("GET /users?limit=1".to_owned(), "", b"", 200),
        ("GET /users?cursor=grace.hopper@navy.example".to_owned(), "", b"", 400),
        ("GET /users/grace.hopper@navy.example".to_owned(), "", b"", 404),
        ("GET /grace.hopper@navy.example?token=s3cr3t".to_owned(), "", b"", 404),
        ("HOPPER /users".to_owned(), "", b"", 405),
        (format!("GET {avatar}"), "", b"", 200),
        (format!("PATCH /users/{id}"), "application/json", name, 200),
        (format!("PATCH /users/{id}"), "application/json", b"{\"email\": \"hopper\"}", 400),
        (format!("PUT /users/{id}/avatar"), "image/png", &png, 200),
        (format!("DELETE /users/{id}"), "", b"", 204),
        ("GET /readyz".to_owned(), "", b"", 200),
        ("GET /demo/hello".to_owned(), "", b"", 200),
    ] {
        assert_eq!(ask(&head, content_type, body).0, expected, "{head}");
    }
}

/// Waits for the renditions of the first upload.
fn until_processed(running: &Running) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while value(&running.metrics(), "roster_event_duration_seconds_count", &["outcome=\"done\""]) == 0 {
        assert!(Instant::now() < deadline, "the event is not processed");
        std::thread::yield_now();
    }
}

/// The log lines of requests.
pub fn requests(log: &Path) -> Vec<serde_json::Value> {
    lines(log, "request")
}

/// The log lines of events.
pub fn events(log: &Path) -> Vec<serde_json::Value> {
    lines(log, "event")
}

fn lines(log: &Path, message: &str) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    lines.filter(|line| line["message"] == message).collect()
}

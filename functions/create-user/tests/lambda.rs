//! The function, started as Lambda does it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use runtime_api::{ClientRequest, ClientResponse, EventSource, Function, RuntimeApi, assert_private};
use serde_json::Value;
use tempfile::{TempDir, tempdir};

const PROGRAM: &str = env!("CARGO_BIN_EXE_create-user");

async fn start(settings: &[(&str, &str)]) -> (TempDir, RuntimeApi, Function) {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let function = Function::start(PROGRAM, folder.path(), &api, settings).unwrap();
    (folder, api, function)
}

fn badge() -> Vec<u8> {
    std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/badge.png")).unwrap()
}

/// A form for the API at `target`.
fn form(target: &str, name: &str, email: &str, image: &[u8]) -> ClientRequest {
    let text = |field: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n").into_bytes()
    };
    let parts = [
        text("name", name),
        text("email", email),
        b"--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n".to_vec(),
        image.to_vec(),
        b"\r\n--b--\r\n".to_vec(),
    ];
    ClientRequest {
        method: "POST".to_owned(),
        target: target.to_owned(),
        headers: vec![("content-type".to_owned(), "multipart/form-data; boundary=b".to_owned())],
        body: parts.concat(),
    }
}

async fn send(api: &RuntimeApi, source: EventSource, request: &ClientRequest) -> ClientResponse {
    source.response(&api.invoke(source.event(request).to_string()).await.answered())
}

#[tokio::test]
async fn users_are_created_and_invalid_base64_is_a_400() {
    let (_folder, api, function) = start(&[]).await;
    let request = form("/user", "Ada", "ada@example.org", &badge());
    let mut statuses = Vec::new();
    for source in EventSource::ALL {
        statuses.push(send(&api, source, &request).await.status);
        let mut broken = source.event(&request);
        broken["body"] = "this is no base64!".into();
        let answer = source.response(&api.invoke(broken.to_string()).await.answered());
        assert_eq!(answer.status, 400, "{source:?}: {}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    assert!(function.terminated().await.status.success());
}

#[tokio::test]
async fn the_location_of_a_user_is_a_path_below_that_of_the_public_url() {
    for (public_url, base) in
        [("https://api.example.org/v1/", "/v1"), ("https://api.example.org", ""), ("", "")]
    {
        let (_folder, api, _function) = start(&[("ROSTER_PUBLIC_URL", public_url)]).await;
        let request = form(&format!("{base}/user"), "Ada", "ada@example.org", &badge());
        let created = send(&api, EventSource::RestApi, &request).await;
        let user: Value = serde_json::from_slice(&created.body).unwrap();
        let expected = format!("{base}/users/{}", user["id"].as_str().unwrap());
        let location = created.headers.iter().find(|(name, _)| name == "location");
        assert_eq!(location.map(|(_, value)| value.as_str()), Some(expected.as_str()), "{public_url}");
    }
}

#[tokio::test]
async fn logs_contain_no_personal_data_with_any_filter() {
    let (_folder, api, function) = start(&[("RUST_LOG", "trace")]).await;
    for source in EventSource::ALL {
        for image in [badge(), b"Hopper is no picture".to_vec(), Vec::new()] {
            let mut request = form("/user?token=s3cr3t", "Grace Hopper", "grace.hopper@navy.example", &image);
            request.headers.push(("authorization".to_owned(), "Bearer s3cr3t".to_owned()));
            request.headers.push(("cookie".to_owned(), "session=s3cr3t".to_owned()));
            send(&api, source, &request).await;
        }
    }
    assert_private(
        function.terminated().await,
        3 * EventSource::ALL.len(),
        &["hopper", "navy.example", "s3cr3t"],
    );
}

/// Name, unit and sets of dimensions.
type Metric = (String, String, Vec<Vec<String>>);

/// The text in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn documented() -> BTreeSet<Metric> {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/telemetry.md")).unwrap();
    let rows = page.lines().skip_while(|line| !line.starts_with("| metric | unit |")).skip(2);
    rows.take_while(|line| line.starts_with('|'))
        .map(|row| row.trim_matches('|').split('|').collect::<Vec<_>>())
        .map(|cells| {
            let dimensions = cells[2].split(';').map(quoted).collect();
            (quoted(cells[0]).remove(0), cells[1].trim().to_owned(), dimensions)
        })
        .collect()
}

#[tokio::test]
async fn the_page_lists_every_metric_that_a_function_writes() {
    let (_folder, api, function) = start(&[]).await;
    for image in [badge(), b"no picture".to_vec()] {
        send(&api, EventSource::HttpApi, &form("/user", "Ada", "ada@example.org", &image)).await;
    }
    let lines = String::from_utf8(function.terminated().await.stdout).unwrap();
    let mut written = BTreeSet::new();
    for line in lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        for directive in line["_aws"]["CloudWatchMetrics"].as_array().unwrap() {
            assert_eq!(directive["Namespace"], "Roster");
            let dimensions: Vec<Vec<String>> =
                serde_json::from_value(directive["Dimensions"].clone()).unwrap();
            for metric in directive["Metrics"].as_array().unwrap() {
                let text = |member: &str| metric[member].as_str().unwrap().to_owned();
                written.insert((text("Name"), text("Unit"), dimensions.clone()));
            }
        }
    }
    assert_eq!(documented(), written);
}

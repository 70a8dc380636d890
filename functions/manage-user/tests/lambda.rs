//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::UserId;
use runtime_api::{ClientRequest, ClientResponse, EventSource, Function, RuntimeApi, assert_private};
use storage::conformance::sample::new_user;
use tempfile::{TempDir, tempdir};

/// A function on a store that holds Ada.
async fn start(settings: &[(&str, &str)]) -> (TempDir, RuntimeApi, Function, UserId) {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let config = format!("sqlite:{}", folder.path().join("roster.db").display());
    let connection =
        storage::connect(&storage::Config::parse(&config).unwrap(), storage::Boundary::default())
            .await
            .unwrap();
    let new = new_user("ada");
    let user = new.user().id;
    connection.stores.users.create(new).await.unwrap();
    connection.close().await;
    let program = env!("CARGO_BIN_EXE_manage-user");
    let function = Function::start(program, folder.path(), &api, settings).unwrap();
    (folder, api, function, user)
}

fn request(method: &str, target: &str, content_type: &str, body: &[u8]) -> ClientRequest {
    ClientRequest {
        method: method.to_owned(),
        target: target.to_owned(),
        headers: vec![("content-type".to_owned(), content_type.to_owned())],
        body: body.to_vec(),
    }
}

async fn send(api: &RuntimeApi, source: EventSource, request: &ClientRequest) -> ClientResponse {
    source.response(&api.invoke(source.event(request).to_string()).await.answered())
}

#[tokio::test]
async fn a_user_is_renamed_and_shown() {
    let (_folder, api, function, user) = start(&[]).await;
    let path = format!("/users/{user}");
    for source in EventSource::ALL {
        let name = format!("{source:?} é");
        let body = format!("{{\"name\": \"{name}\"}}");
        let renamed = send(&api, source, &request("PATCH", &path, "application/json", body.as_bytes())).await;
        assert_eq!(renamed.status, 200, "{renamed:?}");
        let shown = send(&api, source, &request("GET", &path, "", b"")).await;
        let shown: serde_json::Value = serde_json::from_slice(&shown.body).unwrap();
        assert_eq!(shown["name"], name);
    }
    assert!(function.terminated().await.status.success());
}

#[tokio::test]
async fn logs_contain_no_personal_data_with_any_filter() {
    let (_folder, api, function, user) = start(&[("RUST_LOG", "trace")]).await;
    let (path, merge) = (format!("/users/{user}?token=s3cr3t"), "application/merge-patch+json");
    let avatar = format!("/users/{user}/avatar");
    let form = b"--b\r\nContent-Disposition: form-data; name=\"hopper\"\r\n\r\nhopper\r\n--b--\r\n";
    let requests = [
        request("PATCH", &path, merge, br#"{"name": "Grace Hopper"}"#),
        request("PATCH", &path, merge, br#"{"hopper@navy.example": "Hopper"}"#),
        request("PATCH", &path, merge, b"hopper"),
        request("GET", &path, "", b""),
        request("PUT", &avatar, "image/hopper", b"Hopper is no picture"),
        request("PUT", &avatar, "multipart/form-data; boundary=b", form),
        request("GET", "/users/grace.hopper@navy.example", "", b""),
        request("DELETE", &path, "", b""),
    ];
    for source in EventSource::ALL {
        for mut request in requests.clone() {
            request.headers.push(("authorization".to_owned(), "Bearer s3cr3t".to_owned()));
            request.headers.push(("if-none-match".to_owned(), "\"s3cr3t\"".to_owned()));
            send(&api, source, &request).await;
        }
    }
    assert_private(
        function.terminated().await,
        requests.len() * EventSource::ALL.len(),
        &["hopper", "navy.example", "s3cr3t", "ada@"],
    );
}

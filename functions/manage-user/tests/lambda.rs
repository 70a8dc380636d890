//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use runtime_api::{Front, Function, RuntimeApi, Sent};
use storage::conformance::sample::new_user;
use tempfile::tempdir;

#[tokio::test]
async fn a_user_is_renamed_and_shown() {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let config = format!("sqlite:{}", folder.path().join("roster.db").display());
    let connection = storage::connect(&storage::Config::parse(&config).unwrap()).await.unwrap();
    let new = new_user("ada");
    let user = new.user().id;
    connection.stores.users.create(new).await.unwrap();
    connection.close().await;

    let program = env!("CARGO_BIN_EXE_manage-user");
    let function = Function::start(program, folder.path(), &api, &[]).unwrap();
    let sent = |method: &str, body: &str| Sent {
        method: method.to_owned(),
        target: format!("/users/{user}"),
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: body.as_bytes().to_vec(),
    };
    for front in Front::ALL {
        let name = format!("{front:?} é");
        let renamed = sent("PATCH", &format!("{{\"name\": \"{name}\"}}"));
        let renamed = front.received(&api.invoke(front.event(&renamed).to_string()).await.answered());
        assert_eq!(renamed.status, 200, "{renamed:?}");
        let shown = front.event(&sent("GET", "")).to_string();
        let shown = front.received(&api.invoke(shown).await.answered());
        let shown: serde_json::Value = serde_json::from_slice(&shown.body).unwrap();
        assert_eq!(shown["name"], name);
    }
    assert!(function.terminated().await.status.success());
}

//! The binary on the stores of AWS.

use std::process::Stdio;

use emulator::Endpoints;
use tempfile::tempdir;

use crate::support::{
    aws::{SESSION, blocking, on, provision, stores, until_ready_returns},
    pictures,
    running::Running,
};

fn path_of(url: &serde_json::Value) -> String {
    url.as_str().unwrap().strip_prefix("https://users.example.org").unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_created_used_and_erased_and_the_log_has_none_of_its_data() {
    let (endpoints, _objects) = stores().await;
    let folder = tempdir().unwrap();
    blocking(move || {
        let log = folder.path().join("log");
        let mut command = on(&endpoints, folder.path());
        command.env("RUST_LOG", "trace,aws_smithy_runtime::client::orchestrator=trace");
        let mut running = Running::spawn(command.stderr(std::fs::File::create(&log).unwrap()));
        until_ready_returns(&running, 200, "\"dynamodb\"");
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
        for secret in ["lovelace", "Countess", "\"Ada\"", "\\\"Ada\\\"", "ada@", "AWS4-HMAC", SESSION] {
            assert!(!text.contains(secret), "{secret} is in the log");
        }
        assert!(text.contains("\"request\""));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unavailable_store_degrades_the_instance_and_leaves_it_ready() {
    let folder = tempdir().unwrap();
    // On a runtime of its own, which ends before the test does.
    let (give, given) = std::sync::mpsc::channel();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let path = folder.path().to_owned();
    let emulators = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let endpoints = Endpoints::start(&path).await;
            provision(&endpoints).await;
            give.send(endpoints).unwrap();
            drop(ended.await);
        });
    });
    let endpoints = given.recv().unwrap();
    blocking(move || {
        let running = Running::spawn(on(&endpoints, folder.path()).stderr(Stdio::null()));
        until_ready_returns(&running, 200, "\"ready\"");
        end.send(()).unwrap();
        emulators.join().unwrap();
        until_ready_returns(&running, 200, "degraded");
        assert_eq!(running.get("/users").0, 503);
        assert_eq!(running.get("/healthz").0, 200);
    })
    .await;
}

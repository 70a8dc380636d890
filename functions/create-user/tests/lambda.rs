//! The function, started as Lambda does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use runtime_api::{Front, Function, RuntimeApi, Sent};
use tempfile::tempdir;

#[tokio::test]
async fn users_are_created_and_a_body_that_is_no_base64_is_a_400() {
    let (folder, api) = (tempdir().unwrap(), RuntimeApi::start().await.unwrap());
    let program = env!("CARGO_BIN_EXE_create-user");
    let function = Function::start(program, folder.path(), &api, &[]).unwrap();

    let picture = concat!(env!("CARGO_MANIFEST_DIR"), "/../../samples/badge.png");
    let form = [
        b"--b\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nAda\r\n".to_vec(),
        b"--b\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\nada@example.org\r\n".to_vec(),
        b"--b\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n".to_vec(),
        std::fs::read(picture).unwrap(),
        b"\r\n--b--\r\n".to_vec(),
    ];
    let sent = Sent {
        method: "POST".to_owned(),
        target: "/user".to_owned(),
        headers: vec![("content-type".to_owned(), "multipart/form-data; boundary=b".to_owned())],
        body: form.concat(),
    };
    let mut statuses = Vec::new();
    for front in Front::ALL {
        let answer = api.invoke(front.event(&sent).to_string()).await.answered();
        statuses.push(front.received(&answer).status);
        let mut broken = front.event(&sent);
        broken["body"] = "this is no base64!".into();
        let answer = front.received(&api.invoke(broken.to_string()).await.answered());
        assert_eq!(answer.status, 400, "{front:?}: {}", String::from_utf8_lossy(&answer.body));
    }
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
    assert!(function.terminated().await.status.success());
}

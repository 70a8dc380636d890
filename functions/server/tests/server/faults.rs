//! What clients see of a failing store.

use crate::support::{TestApp, form::Form, pictures};

#[tokio::test]
async fn each_route_returns_503_while_the_store_is_down_and_recovers() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let url = app.users().await[0]["avatar_url"].clone();
    let form = || Form::user("Eve", "eve@example.org", &pictures::small_jpeg());
    for (effect, kind) in [("unavailable", "unavailable"), ("throttled", "busy")] {
        let operations = ["users.create", "users.get", "users.list", "avatars.open"];
        app.faults.set(&operations.map(|operation| format!("{operation}={effect}")).join(",")).unwrap();
        app.post(form()).await.is(503, kind);
        app.get("/users").await.is(503, kind);
        app.get(&format!("/users/{id}")).await.is(503, kind);
        app.image(&url).await.is(503, kind);
        app.faults
            .set(
                &["users.rename", "users.replace_avatar", "users.delete"]
                    .map(|operation| format!("{operation}={effect}"))
                    .join(","),
            )
            .unwrap();
        app.patch(&id, r#"{"name": "B"}"#).await.is(503, kind);
        app.put_image(&id, &pictures::small_jpeg()).await.is(503, kind);
        app.request("DELETE", &format!("/users/{id}"), &[], "").await.is(503, kind);
    }
    app.faults.clear();
    assert_eq!(app.post(form()).await.status, 201);
    assert_eq!(app.users().await.len(), 2);
}

#[tokio::test]
async fn a_create_that_fails_at_any_step_leaves_nothing_and_can_be_repeated() {
    let app = TestApp::start().await;
    let form = || Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    for step in ["begin", "insert_user", "insert_image", "insert_event", "commit"] {
        app.faults.set(&format!("sqlite.{step}=fail")).unwrap();
        app.post(form()).await.is(503, "unavailable");
        app.faults.clear();
        assert!(app.users().await.is_empty(), "{step}");
    }
    assert_eq!(app.post(form()).await.status, 201);
}

#[tokio::test]
async fn a_lost_response_is_recovered_by_the_idempotency_key() {
    let app = TestApp::start().await;
    let form = Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).header("Idempotency-Key", "k");
    app.faults.set("users.create=unavailable*1@after").unwrap();
    app.post(form.clone()).await.is(503, "unavailable");
    assert_eq!(app.post(form).await.status, 201);
    assert_eq!(app.users().await.len(), 1);
}

#[tokio::test]
async fn a_slow_store_is_a_503() {
    let app = TestApp::start().await;
    app.faults.set("users.list=slow:60s").unwrap();
    tokio::time::pause();
    app.get("/users").await.is(503, "timeout");
}

#[tokio::test]
async fn while_the_environment_of_the_store_cannot_be_read_nothing_is_ready() {
    let app = TestApp::start().await;
    app.faults.set("health.check=damaged").unwrap();
    app.get("/users").await.is(503, "unavailable");
    let ready = app.get("/readyz").await;
    assert_eq!((ready.status.as_u16(), &ready.json()["status"]), (503, &"unready".into()));
}

#[tokio::test]
async fn an_internal_error_of_the_store_is_a_500_without_its_message() {
    let app = TestApp::start().await;
    app.faults.set("users.list=damaged").unwrap();
    app.get("/users").await.is(500, "internal");
}

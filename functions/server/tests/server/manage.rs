//! `/users/{id}` and `/users/{id}/avatar`.

use crate::support::{BASE, TestApp, form::Form, pictures};

const UNKNOWN_USER: &str = "/users/0000000000000000000000000000000000000000000000000000000000000000";

#[tokio::test]
async fn a_user_is_shown_with_its_times_and_its_etag() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let answer = app.get(&format!("/users/{id}")).await;
    let user = answer.json();
    let mut members: Vec<_> = user.as_object().unwrap().keys().cloned().collect();
    members.sort();
    assert_eq!(members, ["avatar_url", "created_at", "email", "id", "name", "updated_at"]);
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
    let etag = answer.header("etag");
    assert!(etag.starts_with('"') && etag.len() > 3);
    let cached = app.request("GET", &format!("/users/{id}"), &[("if-none-match", etag)], "").await;
    assert_eq!((cached.status.as_u16(), cached.body.len()), (304, 0));
}

#[tokio::test]
async fn a_malformed_or_unknown_id_is_not_found() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    for path in [UNKNOWN_USER, "/users/ada", &format!("/users/{}", id.to_uppercase()), "/users/%00"] {
        app.get(path).await.is(404, "not-found");
    }
    app.patch("ada", "{}").await.is(404, "not-found");
    app.request("DELETE", UNKNOWN_USER, &[], "").await.is(404, "not-found");
    app.request("PUT", &format!("{UNKNOWN_USER}/avatar"), &[("content-type", "image/png")], "x")
        .await
        .is(404, "not-found");
    app.request("PATCH", UNKNOWN_USER, &[("content-type", "application/json")], r#"{"name":"A"}"#)
        .await
        .is(404, "not-found");
    assert_eq!(app.users().await.len(), 1);
}

#[tokio::test]
async fn a_merge_patch_renames() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let before = app.get(&format!("/users/{id}")).await;
    let answer = app.patch(&id, r#"{"name": " Ada King "}"#).await;
    assert_eq!((answer.status.as_u16(), answer.json()["name"].as_str()), (200, Some("Ada King")));
    assert_ne!(answer.header("etag"), before.header("etag"));
    assert_eq!(answer.json()["created_at"], before.json()["created_at"]);
    let plain = app
        .request(
            "PATCH",
            &format!("/users/{id}"),
            &[("content-type", "application/json; charset=utf-8")],
            "{}",
        )
        .await;
    assert_eq!((plain.status.as_u16(), plain.header("etag")), (200, answer.header("etag")));
}

#[tokio::test]
async fn a_patch_of_anything_else_is_refused() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    for (patch, field) in [
        (r#"{"name": null}"#, "name"),
        (r#"{"name": 7}"#, "name"),
        (r#"{"name": ""}"#, "name"),
        (r#"{"email": "x@y.example"}"#, "email"),
    ] {
        assert_eq!(app.patch(&id, patch).await.is(400, "invalid-fields").fields(), [field], "{patch}");
    }
    for patch in ["", "{", "[]", "null", "\"name\"", "{\"name\":\"\u{1}\"}"] {
        app.patch(&id, patch).await.is(400, "bad-request");
    }
    let text = app.request("PATCH", &format!("/users/{id}"), &[("content-type", "text/plain")], "{}").await;
    text.is(415, "unsupported-media-type");
    assert_eq!(text.header("accept-patch"), "application/merge-patch+json, application/json");
    app.patch(&id, &format!("{{\"name\": \"{}\"}}", "x".repeat(20_000))).await.is(413, "too-large");
}

#[tokio::test]
async fn if_match_is_honoured_on_every_write() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let (user, avatar) = (format!("/users/{id}"), format!("/users/{id}/avatar"));
    let stale = app.get(&user).await.header("etag").to_owned();
    app.patch(&id, r#"{"name": "Ada King"}"#).await;
    let fresh = app.get(&user).await.header("etag").to_owned();
    let image = pictures::small_jpeg();
    let json = ("content-type", "application/json");
    let jpeg = ("content-type", "image/jpeg");

    app.request("PATCH", &user, &[json, ("if-match", &stale)], r#"{"name": "B"}"#)
        .await
        .is(412, "precondition-failed");
    app.request("PUT", &avatar, &[jpeg, ("if-match", &stale)], image.clone())
        .await
        .is(412, "precondition-failed");
    app.request("DELETE", &user, &[("if-match", &stale)], "").await.is(412, "precondition-failed");
    app.request("DELETE", &user, &[("if-match", "no-quotes")], "").await.is(400, "bad-request");

    let put = app.request("PUT", &avatar, &[jpeg, ("if-match", &fresh)], image).await;
    assert_eq!(put.status, 200);
    let patched =
        app.request("PATCH", &user, &[json, ("if-match", put.header("etag"))], r#"{"name": "C"}"#).await;
    assert_eq!(patched.status, 200);
    assert_eq!(app.request("DELETE", &user, &[("if-match", patched.header("etag"))], "").await.status, 204);
}

#[tokio::test]
async fn if_match_is_honoured_on_every_read() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let image = app.users().await[0]["avatar_url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    for path in ["/users?limit=1", &format!("/users/{id}"), &image, &format!("/avatar/{id}")] {
        let tag = app.get(path).await.header("etag").to_owned();
        for (tags, status) in [("*", 200), (&tag, 200), (&format!("\"x\", {tag}"), 200), ("\"x\"", 412)] {
            let answer = app.request("GET", path, &[("if-match", tags)], "").await;
            assert_eq!(answer.status, status, "{path} {tags}");
        }
        let both = [("if-match", "\"x\""), ("if-none-match", &tag)];
        app.request("GET", path, &both, "").await.is(412, "precondition-failed");
        app.request("GET", path, &[("if-match", "no-quotes")], "").await.is(400, "bad-request");
    }
    // The whole list has no tag.
    assert_eq!(app.request("GET", "/users", &[("if-match", "*")], "").await.status, 200);
    app.request("GET", "/users", &[("if-match", "\"x\"")], "").await.is(412, "precondition-failed");
}

#[tokio::test]
async fn if_none_match_is_honoured_on_every_write() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let (user, avatar) = (format!("/users/{id}"), format!("/users/{id}/avatar"));
    let tag = app.get(&user).await.header("etag").to_owned();
    let image = pictures::small_jpeg();
    for (method, path, content_type, body) in [
        ("PATCH", &user, "application/json", br#"{"name": "B"}"#.to_vec()),
        ("PUT", &avatar, "image/jpeg", image.clone()),
        ("DELETE", &avatar, "", vec![]),
        ("DELETE", &user, "", vec![]),
    ] {
        for excluded in ["*", &tag] {
            let headers = [("content-type", content_type), ("if-none-match", excluded)];
            app.request(method, path, &headers, body.clone()).await.is(412, "precondition-failed");
        }
    }
    assert_eq!(app.get(&user).await.header("etag"), tag, "nothing was written");
    let missing = format!("/users/{}", "0".repeat(64));
    app.request("DELETE", &missing, &[("if-none-match", "*")], "").await.is(404, "not-found");
    let other = [("content-type", "image/jpeg"), ("if-none-match", "\"another\"")];
    assert_eq!(app.request("PUT", &avatar, &other, image).await.status, 200);
}

#[tokio::test]
async fn a_new_image_has_a_new_url_and_the_old_url_is_gone() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let before = app.get(&format!("/users/{id}")).await.json();
    let answer = app.put_image(&id, &pictures::picture(20, 10, 0, image::ImageFormat::Png)).await;
    assert_eq!(answer.status, 200);
    let after = answer.json();
    assert_ne!(after["avatar_url"], before["avatar_url"]);
    assert_eq!(pictures::opens(&app.image(&after["avatar_url"]).await.body), (20, 10));
    app.image(&before["avatar_url"]).await.is(404, "not-found");

    let form = Form::default().file("avatar", &pictures::small_jpeg());
    let answer = app.send(form.request(axum::http::Method::PUT, &format!("/users/{id}/avatar"))).await;
    assert_eq!(answer.status, 200);
    let text =
        app.request("PUT", &format!("/users/{id}/avatar"), &[("content-type", "text/plain")], "x").await;
    text.is(415, "unsupported-media-type");
    let empty = app.put_image(&id, b"").await;
    assert_eq!(empty.is(400, "invalid-fields").fields(), ["avatar"]);
}

#[tokio::test]
async fn an_erased_user_is_gone_with_its_image() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let path = format!("/users/{id}");
    let user = app.get(&path).await;
    assert_eq!(app.request("DELETE", &path, &[], "").await.status, 204);
    app.request("DELETE", &path, &[], "").await.is(404, "not-found");
    app.get(&path).await.is(404, "not-found");
    app.image(&user.json()["avatar_url"]).await.is(404, "not-found");
    assert!(app.users().await.is_empty());

    app.user("ada@example.org").await;
    let again = app.get(&path).await;
    assert_ne!(again.header("etag"), user.header("etag"), "an old ETag must not match the new user");
}

#[tokio::test]
async fn concurrent_unconditional_writes_all_succeed() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let path = format!("/users/{id}");
    let writes = (0..32).map(|number| {
        // Of any version: half of them say so.
        let if_match = if number % 2 == 0 { Some(("if-match", "*")) } else { None };
        let headers: Vec<_> = [("content-type", "application/json")].into_iter().chain(if_match).collect();
        let (app, path) = (&app, &path);
        async move { app.request("PATCH", path, &headers, format!(r#"{{"name": "Ada {number}"}}"#)).await }
    });
    let answers = futures_util::future::join_all(writes).await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
}

//! `GET /users`.

use std::collections::BTreeSet;

use axum::{Router, body::Body, http::Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use server::app::routes;
use storage::{Boundary, Connection, Faults};
use tempfile::{TempDir, tempdir};
use tower::ServiceExt as _;

use crate::support::{BASE, Settings, TestApp, connect};

async fn with_users(count: usize) -> TestApp {
    let app = TestApp::start().await;
    for number in 0..count {
        app.user(&format!("user{number}@example.org")).await;
    }
    app
}

#[tokio::test]
async fn no_users_are_an_empty_array() {
    let answer = TestApp::start().await.get("/users").await;
    assert_eq!((answer.header("content-type"), &answer.body[..]), ("application/json", b"[]".as_slice()));
    assert_eq!(answer.header("cache-control"), "no-cache, s-maxage=5");
}

#[tokio::test]
async fn users_have_exactly_their_three_members_in_order() {
    let app = with_users(1).await;
    let text = String::from_utf8(app.get("/users").await.body.to_vec()).unwrap();
    let user: Value = serde_json::from_str::<Value>(&text).unwrap()[0].take();
    let url = user["avatar_url"].as_str().unwrap();
    assert_eq!(text, format!(r#"[{{"avatar_url":"{url}","email":"user0@example.org","name":"Ada"}}]"#));
}

#[tokio::test]
async fn a_walk_over_the_links_returns_every_user_once() {
    let app = with_users(7).await;
    for limit in [1, 2, 7, 1000] {
        let (mut path, mut met) = (format!("/users?limit={limit}"), Vec::new());
        loop {
            let page = app.get(&path).await;
            assert_eq!(page.status, 200);
            let users = page.json().as_array().unwrap().clone();
            assert!(users.len() <= limit);
            met.extend(users.iter().map(|user| user["email"].as_str().unwrap().to_owned()));
            let link = page.header("link");
            if link.is_empty() {
                break;
            }
            let target = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            path = target.strip_prefix(BASE).unwrap().to_owned();
        }
        assert_eq!(met.len(), 7, "limit {limit}");
        assert_eq!(met.iter().collect::<BTreeSet<_>>().len(), 7);
    }
}

#[tokio::test]
async fn an_invalid_limit_or_cursor_is_never_ignored() {
    let app = TestApp::start().await;
    for query in ["limit=0", "limit=1001", "limit=-1", "limit=+1", "limit=", "limit=ten", "limit=1.0"] {
        assert_eq!(
            app.get(&format!("/users?{query}")).await.is(400, "invalid-fields").fields(),
            ["limit"],
            "{query}"
        );
    }
    for query in ["cursor=", "cursor=x", &format!("limit=5&cursor=03{}", "0".repeat(64))] {
        assert_eq!(
            app.get(&format!("/users?{query}")).await.is(400, "invalid-fields").fields(),
            ["cursor"],
            "{query}"
        );
    }
    app.get("/users?limit=1&limit=2").await.is(400, "bad-request");
}

#[tokio::test]
async fn malformed_entity_tags_are_refused_with_and_without_a_limit() {
    let app = TestApp::start().await;
    for path in ["/users", "/users?limit=5"] {
        for (tags, status) in [("*x", 400), ("\"a b\"", 400), (", \"a\",", 200), ("", 200)] {
            let answer = app.request("GET", path, &[("if-none-match", tags)], "").await;
            assert_eq!(answer.status, status, "{path} {tags}");
        }
    }
}

#[tokio::test]
async fn an_unknown_query_parameter_is_refused_by_the_list_and_ignored_for_pictures() {
    let app = TestApp::start().await;
    for query in ["page=2", "limit=5&offset=10", "Limit=5", "access_token=secret"] {
        app.get(&format!("/users?{query}")).await.is(400, "bad-request");
    }
    assert_eq!(app.get(&format!("/avatar/{}?page=2", "0".repeat(32))).await.status, 200);
}

/// A Roster with more users than fit in one page.
async fn with_pages(faults: Faults) -> (TempDir, Connection, Router) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, 2500).unwrap();
    let connection = connect(&path, Boundary { faults, ..Boundary::default() }).await;
    let router = routes(&Settings::default().app(connection.stores.clone()));
    (folder, connection, router)
}

fn all_users() -> Request<Body> {
    Request::get("/users").body(Body::empty()).unwrap()
}

#[tokio::test]
async fn users_beyond_one_page_are_all_listed() {
    let (_folder, _connection, router) = with_pages(Faults::default()).await;
    let body = router.oneshot(all_users()).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    let users: Vec<Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!(users.iter().map(|user| user["email"].as_str().unwrap()).collect::<BTreeSet<_>>().len(), 2500);
}

#[tokio::test]
async fn a_store_failure_after_the_first_byte_aborts_the_list() {
    let faults = Faults::parse("users.list=unavailable@from:2").unwrap();
    let (_folder, _connection, router) = with_pages(faults).await;
    let mut body = router.oneshot(all_users()).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    assert!(body.frame().await.unwrap().is_err(), "an error aborts the connection");
}

#[tokio::test]
async fn a_store_failure_before_the_first_byte_is_a_503() {
    let app = with_users(1).await;
    app.faults.set("users.list=unavailable").unwrap();
    app.get("/users").await.is(503, "unavailable");
    app.get("/users?limit=1").await.is(503, "unavailable");
}

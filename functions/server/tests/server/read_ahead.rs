//! `GET /users` reads the next page while the current one is sent.

use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use axum::{Router, body::Body, http::Request};
use domain::Stores;
use http_body_util::BodyExt as _;
use storage::{Boundary, Connection};
use tempfile::{TempDir, tempdir};
use tokio::{task::yield_now, time::timeout};
use tower::ServiceExt as _;

use crate::support::{Settings, bodies, connect, gated_store::GatedStore};

/// A list of three pages.
async fn with_pages() -> (TempDir, Connection, Arc<GatedStore>, Router) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, 2500).unwrap();
    let connection = connect(&path, Boundary::default()).await;
    let gated = GatedStore::new(connection.stores.users.clone());
    let stores = Stores { users: gated.clone(), ..connection.stores.clone() };
    let router = list_users::routes(&Settings::default().app_within(&bodies(0), stores));
    (folder, connection, gated, router)
}

async fn first_page(router: Router) -> Body {
    let request = Request::get("/users").body(Body::empty()).unwrap();
    let mut body = router.oneshot(request).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_ok());
    body
}

async fn until(holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            yield_now().await;
        }
    };
    // Less than the 20 s that a page may take: a timeout must not look like a cancelled read.
    timeout(Duration::from_secs(10), wait).await.expect("it holds in time");
}

#[tokio::test]
async fn one_page_is_read_ahead_and_no_more() {
    let (_folder, _connection, gated, router) = with_pages().await;
    let mut body = first_page(router).await;
    until(|| gated.requested.load(SeqCst) == 2).await;
    gated.permits.add_permits(2);
    until(|| gated.reading.load(SeqCst) == 0).await;
    assert_eq!(gated.requested.load(SeqCst), 2, "the third waits until the second is taken");
    assert!(body.frame().await.unwrap().is_ok());
    until(|| gated.requested.load(SeqCst) == 3).await;
    assert!(body.collect().await.is_ok());
    assert_eq!(gated.requested.load(SeqCst), 3);
}

#[tokio::test]
async fn a_disconnected_client_cancels_the_read_ahead() {
    let (_folder, _connection, gated, router) = with_pages().await;
    let body = first_page(router).await;
    until(|| gated.reading.load(SeqCst) == 1).await;
    drop(body);
    until(|| gated.reading.load(SeqCst) == 0).await;
}

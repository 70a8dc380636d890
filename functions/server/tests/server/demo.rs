//! `GET /demo/hello`, `GET /demo/random-error`.

use std::collections::BTreeSet;

use crate::support::{Settings, TestApp};

#[tokio::test]
async fn the_demo_is_served_if_enabled() {
    let app = TestApp::start().await;
    app.get("/demo/hello").await.is(404, "not-found");
    app.get("/demo/random-error").await.is(404, "not-found");
    let app = TestApp::with(Settings { demo: true, ..Default::default() }).await;
    let hello = app.get("/demo/hello").await;
    assert_eq!((hello.status.as_u16(), &*hello.body), (200, b"Hello world!".as_slice()));
    let mut seen = BTreeSet::new();
    // Two hundred coin flips with the same result would mean a broken coin.
    for _ in 0..200 {
        seen.insert(app.get("/demo/random-error").await.status.as_u16());
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [200, 500]);
}

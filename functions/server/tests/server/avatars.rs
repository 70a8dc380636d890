//! `GET /avatars/{id}/{upload}.{ext}`.

use axum::{
    body::Body,
    http::{Request, StatusCode},
};
use bytes::Bytes;
use domain::{Image, ImageFormat, OpenImage};
use futures_util::poll;
use http_body_util::BodyExt as _;
use image::ImageFormat::{Gif, Jpeg, Png, WebP};
use storage::conformance::sample;
use tower::ServiceExt as _;

use crate::support::{Answer, BASE, Settings, TestApp, bodies, pictures};

async fn with_image() -> (TestApp, String, Answer) {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let url = app.users().await[0]["avatar_url"].as_str().unwrap().to_owned();
    let path = url.strip_prefix(BASE).unwrap().to_owned();
    let image = app.get(&path).await;
    (app, path, image)
}

#[tokio::test]
async fn an_image_is_immutable_and_sandboxed() {
    let (app, path, image) = with_image().await;
    assert_eq!(image.status, 200);
    assert_eq!(image.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(image.header("x-content-type-options"), "nosniff");
    assert_eq!(image.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(image.header("etag"), format!("\"{}\"", domain::Digest::of(&image.body)));
    let head = app.request("HEAD", &path, &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), image.body.len().to_string());
    assert_eq!(head.header("etag"), image.header("etag"));
}

#[tokio::test]
async fn ranges_return_partial_content() {
    let (app, path, image) = with_image().await;
    let length = image.body.len();
    for (range, first, last) in [
        ("bytes=0-9".to_owned(), 0, 9),
        ("bytes=10-".to_owned(), 10, length - 1),
        ("bytes=-5".to_owned(), length - 5, length - 1),
        (format!("bytes=3-{}", length + 100), 3, length - 1),
    ] {
        let part = app.request("GET", &path, &[("range", &range)], "").await;
        assert_eq!(part.status, 206, "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {first}-{last}/{length}"));
        assert_eq!(part.body, image.body.slice(first..=last));
        assert_eq!(part.header("x-content-type-options"), "nosniff");
    }
    let beyond = app.request("GET", &path, &[("range", &format!("bytes={length}-"))], "").await;
    beyond.is(416, "range-not-satisfiable");
    assert_eq!(beyond.header("content-range"), format!("bytes */{length}"));
    let long = app.request("GET", &path, &[("range", "bytes=-99999")], "").await;
    assert_eq!((long.status.as_u16(), long.body.len()), (206, length));
    let head = app.request("HEAD", &path, &[("range", "bytes=0-1")], "").await;
    assert_eq!(head.status, 200, "a range is of a GET alone");
    for whole in ["bytes=0-1,4-5", "items=0-1", "bytes=x", "bytes=5-2"] {
        let answer = app.request("GET", &path, &[("range", whole)], "").await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, length), "{whole}");
    }
}

#[tokio::test]
async fn conditions_are_honoured() {
    let (app, path, image) = with_image().await;
    let etag = image.header("etag");
    let cached = app.request("GET", &path, &[("if-none-match", etag), ("range", "bytes=0-1")], "").await;
    assert_eq!((cached.status.as_u16(), cached.body.len(), cached.header("etag")), (304, 0, etag));
    assert_eq!(cached.header("cache-control"), image.header("cache-control"));
    let changed = app.request("GET", &path, &[("if-none-match", "\"x\"")], "").await;
    assert_eq!(changed.status, 200);
    app.request("GET", &path, &[("if-match", "\"x\"")], "").await.is(412, "precondition-failed");
    let part = app.request("GET", &path, &[("if-range", etag), ("range", "bytes=0-1")], "").await;
    assert_eq!(part.status, 206);
    let whole = app.request("GET", &path, &[("if-range", "\"x\""), ("range", "bytes=0-1")], "").await;
    assert_eq!(whole.status, 200);
}

#[tokio::test]
async fn a_key_has_one_spelling() {
    let (app, path, _) = with_image().await;
    for other in [
        path.replace(".jpg", ".png"),
        path.replace(".jpg", ".jpeg"),
        path.replace(".jpg", ""),
        path.replace("/avatars/", "/avatars/%30"),
        path.to_uppercase().replace("/AVATARS/", "/avatars/"),
        "/avatars/../users".to_owned(),
    ] {
        app.get(&other).await.is(404, "not-found");
    }
    let upload = "01939e2c-0000-7000-8000-000000000000";
    let user = path.split('/').nth(2).unwrap();
    app.get(&format!("/avatars/{user}/{upload}.jpg")).await.is(404, "not-found");
}

#[tokio::test]
async fn every_format_is_served_with_its_content_type() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    for (format, content_type) in
        [(Jpeg, "image/jpeg"), (Png, "image/png"), (WebP, "image/webp"), (Gif, "image/png")]
    {
        let answer = app.put_image(&id, &pictures::picture(9, 7, 1, format)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let image = app.image(&answer.json()["avatar_url"]).await;
        assert_eq!((image.header("content-type"), pictures::opens(&image.body)), (content_type, (9, 7)));
    }
}

#[tokio::test]
async fn download_memory_is_bounded_and_released() {
    let (app, path, _) = with_image().await;
    // An image of one piece holds what it has, and needs room for a piece when it is read.
    let plan = bodies(PIECE);
    let stores = app.connection.stores.clone();
    let router = serve_avatar::routes(&Settings::default().app_within(&plan, stores));
    let get = || router.clone().oneshot(Request::get(&path).body(Body::empty()).unwrap());
    let being_sent = get().await.unwrap();
    assert_eq!(
        (being_sent.status(), get().await.unwrap().status()),
        (StatusCode::OK, StatusCode::SERVICE_UNAVAILABLE)
    );
    drop(being_sent);
    assert_eq!(get().await.unwrap().status(), StatusCode::OK);
}

const PIECE: usize = OpenImage::PIECE_BYTES;

/// An image of some pieces, and its path.
async fn with_large_image() -> (TestApp, String, Bytes) {
    let app = TestApp::start().await;
    let bytes: Bytes = (0..=250).cycle().take(3 * PIECE + 100).collect();
    let image = Image::new(ImageFormat::Jpeg, bytes.clone());
    let user = sample::create(&app.connection.stores, sample::with_image("ada", image)).await;
    (app, format!("/{}", sample::key(&user)), bytes)
}

#[tokio::test]
async fn a_large_image_and_its_ranges_are_sent_in_pieces() {
    let (app, path, bytes) = with_large_image().await;
    let whole = app.get(&path).await;
    assert_eq!(
        (whole.status.as_u16(), whole.header("content-length")),
        (200, bytes.len().to_string().as_str())
    );
    assert!(whole.body == bytes);
    let last = bytes.len() - 1;
    for (first, last) in
        [(0, 0), (0, PIECE - 1), (PIECE - 1, PIECE), (5, 3 * PIECE), (2 * PIECE + 1, last), (last, last)]
    {
        let part = app.request("GET", &path, &[("range", &format!("bytes={first}-{last}"))], "").await;
        assert_eq!(part.status, 206, "{first}-{last}");
        assert_eq!(part.header("content-length"), (last - first + 1).to_string());
        assert!(part.body == bytes[first..=last], "{first}-{last}");
    }
    let head = app.request("HEAD", &path, &[], "").await;
    assert_eq!((head.body.len(), head.header("content-length")), (0, bytes.len().to_string().as_str()));
}

#[tokio::test]
async fn a_slow_reader_of_a_large_image_holds_one_piece() {
    let (app, path, bytes) = with_large_image().await;
    let stores = app.connection.stores.clone();
    let router = serve_avatar::routes(&Settings::default().app_within(&bodies(3 * PIECE), stores));
    let get = || router.clone().oneshot(Request::get(&path).body(Body::empty()).unwrap());
    let slow = [get().await.unwrap(), get().await.unwrap()];
    let (mut body, mut read) = (get().await.unwrap().into_body(), Vec::new());
    while let Some(piece) = body.frame().await {
        read.extend_from_slice(&piece.unwrap().into_data().unwrap());
    }
    assert!(read == bytes);
    // A third leaves no memory to those that begin, and those that go on wait for it.
    let mut going_on = get().await.unwrap().into_body();
    let first = going_on.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(get().await.unwrap().status(), StatusCode::SERVICE_UNAVAILABLE);
    let mut next = Box::pin(going_on.frame());
    assert!(poll!(&mut next).is_pending());
    drop((first, slow));
    assert!(!next.await.unwrap().unwrap().into_data().unwrap().is_empty());
}

#[tokio::test]
async fn an_image_that_is_erased_while_it_is_sent_is_broken_off() {
    let (app, path, _) = with_large_image().await;
    let router = serve_avatar::routes(&Settings::default().app(app.connection.stores.clone()));
    let answer = router.oneshot(Request::get(&path).body(Body::empty()).unwrap()).await.unwrap();
    let mut body = answer.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    let users = &app.connection.stores.users;
    users.delete(&users.get(&sample::new_user("ada").user().id).await.unwrap()).await.unwrap();
    assert!(body.frame().await.unwrap().is_err());
}

//! Malformed and oversized bodies.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, http::Request};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use web::body::BodyMemory;

use crate::support::{
    Answer, TestApp,
    form::{BOUNDARY, Form},
    pictures,
};

async fn post(app: &TestApp, content_type: &str, body: impl Into<Body>) -> Answer {
    app.request("POST", "/user", &[("content-type", content_type)], body).await
}

#[tokio::test]
async fn a_body_that_is_not_a_form_is_refused() {
    let app = TestApp::start().await;
    for content_type in
        ["", "application/json", "multipart/mixed; boundary=x", "application/x-www-form-urlencoded"]
    {
        post(&app, content_type, "name=Ada").await.is(415, "unsupported-media-type");
    }
    app.request("POST", "/user", &[], "").await.is(415, "unsupported-media-type");
    post(&app, "multipart/form-data", "x").await.is(400, "bad-request");
}

#[tokio::test]
async fn malformed_multipart_is_a_bad_request() {
    let app = TestApp::start().await;
    let whole = Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).bytes();
    post(&app, "multipart/form-data; boundary=another", whole.clone()).await.is(400, "bad-request");
    for cut in [0, 1, 40, whole.len() / 2, whole.len() - BOUNDARY.len()] {
        post(&app, &Form::content_type(), whole[..cut].to_vec()).await.is(400, "bad-request");
    }
    assert!(app.users().await.is_empty());
}

#[tokio::test]
async fn unknown_repeated_and_unnamed_parts_are_refused() {
    let app = TestApp::start().await;
    let form = || Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    app.post(form().text("role", "admin")).await.is(400, "bad-request");
    app.post(form().text("name", "Eve")).await.is(400, "bad-request");
    app.post(form().file("avatar", b"x")).await.is(400, "bad-request");
    app.post(form().part("Content-Disposition: form-data", b"x")).await.is(400, "bad-request");
    app.post(form().part("X-Nothing: y", b"x")).await.is(400, "bad-request");
    let many = (0..10_000).fold(Form::default(), |form, number| form.text(&format!("part{number}"), "x"));
    app.post(many).await.is(400, "bad-request");
    assert!(app.users().await.is_empty());
}

#[tokio::test]
async fn text_in_another_charset_is_refused() {
    let app = TestApp::start().await;
    let rest = || Form::default().text("email", "ada@example.org").file("avatar", &pictures::small_jpeg());
    let latin = b"Andr\xe9".as_slice();
    let named = "Content-Disposition: form-data; name=\"name\"";
    let answer = app.post(rest().part(named, latin)).await;
    assert_eq!(answer.is(400, "invalid-fields").fields(), ["name"]);
    let declared = format!("{named}\r\nContent-Type: text/plain; charset=ISO-8859-1");
    assert_eq!(app.post(rest().part(&declared, latin)).await.is(400, "invalid-fields").fields(), ["name"]);
    let utf_8 = format!("{named}\r\nContent-Type: text/plain; charset=UTF-8");
    assert_eq!(app.post(rest().part(&utf_8, "André".as_bytes())).await.status, 201);
}

/// A body that counts how many of its chunks were read.
fn counted(first: Vec<u8>, pieces: usize, taken: Arc<AtomicUsize>) -> Body {
    let rest = stream::iter(0..pieces).map(move |_| {
        taken.fetch_add(1, Ordering::Relaxed);
        vec![0; 1 << 20]
    });
    Body::from_stream(stream::iter([first]).chain(rest).map(Ok::<_, Infallible>))
}

/// A form up to the first byte of its file.
fn avatar_begins() -> Vec<u8> {
    let head =
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"avatar\"; filename=\"a\"\r\n\r\n");
    [Form::default().text("name", "Ada").body, head.into_bytes()].concat()
}

#[tokio::test]
async fn an_oversized_body_is_refused_without_reading_it_all() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let start = avatar_begins();
    let taken = Arc::new(AtomicUsize::new(0));

    let request = Request::post("/user").header("content-type", Form::content_type());
    app.send(request.body(counted(start.clone(), 1000, taken.clone())).unwrap()).await.is(413, "too-large");
    assert!(taken.swap(0, Ordering::Relaxed) <= 6, "read on after the limit");

    let request = Request::post("/user")
        .header("content-type", Form::content_type())
        .header("content-length", "9999999");
    app.send(request.body(counted(start, 1000, taken.clone())).unwrap()).await.is(413, "too-large");
    let avatar = Request::put(format!("/users/{id}/avatar")).header("content-type", "image/png");
    app.send(avatar.header("content-length", "4194305").body(counted(vec![], 9, taken.clone())).unwrap())
        .await
        .is(413, "too-large");
    assert_eq!(taken.load(Ordering::Relaxed), 0, "a declared length needs no reading");
}

#[tokio::test]
async fn an_image_at_the_size_limit_is_accepted_and_a_larger_one_is_not() {
    let app = TestApp::with(crate::support::Settings { max_upload_bytes: 1000, ..Default::default() }).await;
    let image = pictures::picture(8, 8, 0, image::ImageFormat::Png);
    let padded = |size: usize| [image.clone(), vec![0; size - image.len()]].concat();
    assert_eq!(app.post(Form::user("Ada", "ada@example.org", &padded(1000))).await.status, 201);
    app.post(Form::user("Eve", "eve@example.org", &padded(1001))).await.is(413, "too-large");
    app.post(Form::user(&"x".repeat(5000), "eve@example.org", &image)).await.is(413, "too-large");
}

#[tokio::test]
async fn a_body_without_content_length_is_accepted() {
    let app = TestApp::start().await;
    let bytes = Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).bytes();
    let pieces: Vec<_> =
        bytes.chunks(7).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    let body = Body::from_stream(stream::iter(pieces));
    let request = Request::post("/user").header("content-type", Form::content_type());
    assert_eq!(app.send(request.body(body).unwrap()).await.status, 201);
}

/// One byte per second, by the clock of the runtime.
struct Dripping(Pin<Box<tokio::time::Sleep>>);

impl Stream for Dripping {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        std::task::ready!(self.0.as_mut().poll(cx));
        self.0 = Box::pin(tokio::time::sleep(Duration::from_secs(1)));
        Poll::Ready(Some(Ok(Bytes::from_static(b"-"))))
    }
}

#[tokio::test]
async fn a_client_that_sends_a_byte_a_second_is_disconnected() {
    let app = TestApp::start().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let body = Body::from_stream(Dripping(Box::pin(tokio::time::sleep(Duration::ZERO))));
    let request = Request::post("/user").header("content-type", Form::content_type());
    app.send(request.body(body).unwrap()).await.is(408, "too-slow");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_stalls_mid_upload_is_disconnected() {
    let app = TestApp::start().await;
    tokio::time::pause();
    let half = Form::default().text("name", "Ada").body;
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from(half))]).chain(stream::pending());
    let request = Request::post("/user").header("content-type", Form::content_type());
    app.send(request.body(Body::from_stream(body)).unwrap()).await.is(408, "too-slow");
}

#[tokio::test]
async fn bytes_sent_early_do_not_extend_the_timeout() {
    let app = TestApp::start().await;
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let first = [avatar_begins(), vec![b'-'; 3 << 20]].concat();
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from(first))])
        .chain(Dripping(Box::pin(tokio::time::sleep(Duration::ZERO))));
    let request = Request::post("/user").header("content-type", Form::content_type());
    app.send(request.body(Body::from_stream(body)).unwrap()).await.is(408, "too-slow");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

#[tokio::test]
async fn images_that_are_sent_release_their_memory() {
    let memory = BodyMemory::new(100);
    let kept = memory.keep(Bytes::from_static(&[0; 60])).unwrap();
    let part = kept.slice(..1);
    drop(kept);
    assert!(memory.keep(Bytes::from_static(&[0; 60])).is_err(), "a part of it is still kept");
    drop(part);
    assert!(memory.keep(Bytes::from_static(&[0; 60])).is_ok());
}

#[tokio::test]
async fn room_for_bytes_waits_for_memory_and_returns_what_they_do_not_take() {
    let memory = BodyMemory::new(100);
    let kept = memory.keep(Bytes::from_static(&[0; 60])).unwrap();
    let mut room = Box::pin(memory.room_when_free(80));
    assert!(futures_util::poll!(&mut room).is_pending());
    assert!(memory.keep(Bytes::from_static(&[0; 40])).is_ok(), "those that wait reserve nothing");
    assert!(futures_util::poll!(&mut room).is_pending());
    drop(kept);
    let held = room.await.hold(Bytes::from_static(&[0; 30]));
    let rest = memory.keep(Bytes::from_static(&[0; 70])).unwrap();
    assert!(memory.keep(Bytes::from_static(&[0; 1])).is_err());
    drop((held, rest));
    assert!(memory.keep(Bytes::from_static(&[0; 100])).is_ok());
}

#[tokio::test]
async fn a_part_with_a_transfer_encoding_is_refused() {
    let app = TestApp::start().await;
    let rest = || Form::default().text("email", "ada@example.org").file("avatar", &pictures::small_jpeg());
    let named = |encoding| {
        format!("Content-Disposition: form-data; name=\"name\"\r\nContent-Transfer-Encoding: {encoding}")
    };
    app.post(rest().part(&named("base64"), b"QWRh")).await.is(400, "bad-request");
    assert_eq!(app.post(rest().part(&named("8BIT"), b"Ada")).await.status, 201);
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let app = TestApp::start().await;
    let bytes = Form::user("Ada", "ada@example.org", &pictures::small_jpeg()).bytes();
    let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
    let body = stream::iter([Ok(half), Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))]);
    let request = Request::post("/user").header("content-type", Form::content_type());
    app.send(request.body(Body::from_stream(body)).unwrap()).await.is(400, "bad-request");
    assert!(app.users().await.is_empty());
}

#[tokio::test]
async fn names_of_parts_are_read_as_parameters() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    for (number, disposition) in [
        r#"form-data; filename="x; name=evil"; name="avatar""#,
        r#"form-data; NAME="avatar"; filename=a.jpg"#,
        r#"Form-Data; name=avatar; filename="C:\photos\a.jpg""#,
        r#"form-data; filename="a\"; name=\"evil.jpg"; name="avatar""#,
    ]
    .iter()
    .enumerate()
    {
        let form = Form::default().text("name", "Ada").text("email", &format!("{number}@example.org"));
        let form = form.part(&format!("Content-Disposition: {disposition}"), &image);
        assert_eq!(app.post(form).await.status, 201, "{disposition}");
    }
    for disposition in
        [r#"form-data; name="avatar"; name="name""#, r#"form-data; name="avatar"#, "form-data; name"]
    {
        let form = Form::default().part(&format!("Content-Disposition: {disposition}"), &image);
        app.post(form).await.is(400, "bad-request");
    }
}

#[tokio::test]
async fn a_boundary_may_have_any_visible_character() {
    let app = TestApp::start().await;
    let form = |email: &str| Form::user("Ada", email, &pictures::small_jpeg()).bytes();
    for (number, boundary) in
        ["a=b/c:d?", "----=_Part_1_2.3", "'()+_,-./:=? x", "#~!"].into_iter().enumerate()
    {
        let email = format!("{number}@example.org");
        let body = replaced(&form(&email), BOUNDARY, boundary);
        let quoted = boundary.contains([' ', ',']);
        let content_type = if quoted { format!("\"{boundary}\"") } else { boundary.to_owned() };
        let answer = post(&app, &format!("multipart/form-data; boundary={content_type}"), body).await;
        assert_eq!(answer.status, 201, "{boundary}");
    }
    for boundary in ["\"\"", &"x".repeat(71), "\"a\tb\"", "\"a"] {
        let answer =
            post(&app, &format!("Multipart/Form-Data; Boundary={boundary}"), form("x@example.org")).await;
        answer.is(400, "bad-request");
        assert!(answer.json()["detail"].as_str().unwrap().contains("boundary"), "{boundary}");
    }
}

fn replaced(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old.as_bytes()) {
        out.extend([&rest[..at], new.as_bytes()].concat());
        rest = &rest[at + old.len()..];
    }
    [out.as_slice(), rest].concat()
}

#[tokio::test]
async fn an_encoded_body_is_refused_and_the_answer_says_what_is_accepted() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let form = Form::user("Eve", "eve@example.org", &pictures::small_jpeg()).bytes();
    let user = format!("/users/{id}");
    let avatar = format!("{user}/avatar");
    for (method, path, content_type, body) in [
        ("POST", "/user", Form::content_type(), form.clone()),
        ("PUT", &avatar, "image/jpeg".to_owned(), pictures::small_jpeg()),
        ("PATCH", &user, "application/json".to_owned(), b"{}".to_vec()),
        ("POST", "/uploads", "application/json".to_owned(), b"{}".to_vec()),
    ] {
        for encoding in ["gzip", "identity, br"] {
            let headers = [("content-type", content_type.as_str()), ("content-encoding", encoding)];
            let answer = app.request(method, path, &headers, body.clone()).await;
            answer.is(415, "unsupported-media-type");
            assert_eq!(answer.header("accept-encoding"), "identity", "{method} {path}");
        }
    }
    let headers = [("content-type", &*Form::content_type()), ("content-encoding", "Identity")];
    assert_eq!(app.request("POST", "/user", &headers, form).await.status, 201);
}

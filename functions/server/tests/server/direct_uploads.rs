//! Images that are sent before the request that uses them.

use std::{fs, path::PathBuf, time::Duration};

use axum::{body::Body, http::Request};
use domain::{Digest, DirectUpload, Timestamp};
use runtime::{MemoryPlan, Telemetry};
use serde_json::{Value, json};
use storage::{Boundary, Faults, aws::Options, conformance::open_aws};
use web::AnswerLimit;

use crate::support::{
    Answer, BASE, Settings, TestApp, connect, form::Form, issuer::TestIssuer, pictures, running::Running,
};

const JSON: (&str, &str) = ("content-type", "application/json");
const JPEG: (&str, &str) = ("content-type", "image/jpeg");

async fn announce(app: &TestApp, announcement: &Value) -> Answer {
    app.request("POST", "/uploads", &[JSON], announcement.to_string()).await
}

/// The name of an upload of this image, announced and sent.
async fn sent(app: &TestApp, image: &[u8]) -> String {
    let announced = announce(app, &json!({"content_type": "image/jpeg", "size": image.len()})).await;
    let upload = announced.is_created()["upload"].as_str().unwrap().to_owned();
    let sent = app.request("PUT", &format!("/uploads/{upload}"), &[JPEG], image.to_vec()).await;
    assert_eq!(sent.status, 200, "{sent:?}");
    upload
}

fn form(email: &str, upload: &str) -> Form {
    Form::default().text("name", "Ada").text("email", email).text("upload", upload)
}

async fn put_avatar(app: &TestApp, id: &str, upload: &str) -> Answer {
    app.request("PUT", &format!("/users/{id}/avatar"), &[JSON], json!({"upload": upload}).to_string()).await
}

/// Asserts that `upload` is refused with a reason that has this text.
#[track_caller]
fn refused(answer: &Answer, why: &str) {
    assert_eq!(answer.is(400, "invalid-fields").fields(), ["upload"]);
    let detail = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(why), "{detail}");
}

/// The files of direct uploads, by what they are.
fn files(app: &TestApp, kind: &str) -> Vec<PathBuf> {
    let mut folder = app.file().into_os_string();
    folder.push("-uploads");
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|extension| extension == kind)).collect()
}

#[tokio::test]
async fn a_user_with_a_direct_upload_is_the_same_as_one_with_the_image_in_the_form() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    let direct = app.post(form("ada@example.org", &sent(&app, &image).await)).await;
    let in_form = app.post(Form::user("Ada", "bob@example.org", &image)).await;

    let (direct, in_form) = (direct.is_created(), in_form.is_created());
    assert_eq!(direct["name"], in_form["name"]);
    let images = [app.image(&direct["avatar_url"]).await, app.image(&in_form["avatar_url"]).await];
    assert_eq!(images[0].body, images[1].body);
    assert_eq!(images[0].header("etag"), images[1].header("etag"));
    let queue = app.connection.tools.queue.clone().unwrap();
    assert_eq!(queue.depth().await.unwrap().waiting, 2, "an event for each");
    assert_eq!((files(&app, "sent").len(), files(&app, "part").len()), (0, 0), "the bytes are gone");
}

#[tokio::test]
async fn an_announcement_says_where_to_send_the_image_and_until_when() {
    let app = TestApp::start().await;
    let before = Timestamp::now();
    let body = announce(&app, &json!({"content_type": "image/jpeg", "size": 5})).await.is_created();
    assert_eq!(body["method"], "PUT");
    assert_eq!(body["url"], format!("{BASE}/uploads/{}", body["upload"].as_str().unwrap()));
    assert_eq!(body["headers"], json!({"content-type": "image/jpeg"}));
    let expires: Timestamp = body["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(expires >= before + DirectUpload::OPEN && expires <= Timestamp::now() + DirectUpload::OPEN);
}

#[tokio::test]
async fn a_size_may_be_written_with_a_fraction_of_zero() {
    let app = TestApp::start().await;
    announce(&app, &json!({"content_type": "image/jpeg", "size": 5.0})).await.is_created();
}

#[tokio::test]
async fn an_image_is_replaced_by_a_direct_upload_once() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let image = pictures::picture(40, 30, 0, image::ImageFormat::Jpeg);
    let upload = sent(&app, &image).await;
    let replaced = put_avatar(&app, &id, &upload).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    assert_eq!(pictures::opens(&app.image(&replaced.json()["avatar_url"]).await.body), (40, 30));

    refused(&put_avatar(&app, &id, &upload).await, "already used");
    refused(&app.post(form("bob@example.org", &upload)).await, "already used");
    app.request("PUT", &format!("/uploads/{upload}"), &[JPEG], image).await.is(404, "not-found");
    assert_eq!(files(&app, "sent").len(), 0);
}

#[tokio::test]
async fn an_invalid_announcement_is_refused_and_leaves_nothing() {
    let app = TestApp::start().await;
    for (announcement, status, kind, fields) in [
        (json!({}), 400, "invalid-fields", vec!["content_type", "size"]),
        (json!({"content_type": 1, "size": "5"}), 400, "invalid-fields", vec!["content_type", "size"]),
        (json!({"content_type": "image/jpeg", "size": 0}), 400, "invalid-fields", vec!["size"]),
        (json!({"content_type": "image/jpeg", "size": -1}), 400, "invalid-fields", vec!["size"]),
        (json!({"content_type": "image/jpeg", "size": 1.5}), 400, "invalid-fields", vec!["size"]),
        (
            json!({"content_type": "image/jpeg", "size": 5, "sha256": "0"}),
            400,
            "invalid-fields",
            vec!["sha256"],
        ),
        (json!({"content_type": "image/jpeg", "size": 5, "name": "a"}), 400, "invalid-fields", vec!["name"]),
        (json!({"content_type": "image/heic", "size": 5}), 415, "unsupported-image", vec![]),
        (json!({"content_type": "image/jpeg", "size": (4 << 20) + 1}), 413, "too-large", vec![]),
        (json!({"content_type": "image/jpeg", "size": u64::MAX}), 413, "too-large", vec![]),
        (json!({"content_type": "image/jpeg", "size": 5e30}), 413, "too-large", vec![]),
        (json!([]), 400, "bad-request", vec![]),
    ] {
        let answer = announce(&app, &announcement).await;
        assert_eq!(answer.is(status, kind).fields(), fields, "{announcement}");
    }
    let long = json!({"content_type": "image/jpeg", "size": 5, "name": "a".repeat(2000)});
    announce(&app, &long).await.is(413, "too-large");
    let form = Form::default().text("size", "5");
    app.request("POST", "/uploads", &[("content-type", &Form::content_type())], form.bytes())
        .await
        .is(415, "unsupported-media-type");
    assert_eq!(files(&app, "announced").len(), 0);
}

#[tokio::test]
async fn other_bytes_than_announced_are_refused_and_leave_nothing() {
    let app = TestApp::start().await;
    let announcement =
        json!({"content_type": "image/jpeg", "size": 5, "sha256": Digest::of(b"image").to_string()});
    let body = announce(&app, &announcement).await.is_created();
    let upload = body["upload"].as_str().unwrap().to_owned();
    let path = format!("/uploads/{upload}");
    for (kind, bytes, status, problem) in [
        (JPEG, "imag", 400, "bad-request"),
        (JPEG, "images", 413, "too-large"),
        (JPEG, "IMAGE", 400, "bad-request"),
        (("content-type", "image/png"), "image", 415, "unsupported-media-type"),
    ] {
        app.request("PUT", &path, &[kind], bytes).await.is(status, problem);
        refused(&app.post(form("ada@example.org", &upload)).await, "not sent yet");
    }
    assert_eq!((files(&app, "sent").len(), files(&app, "part").len()), (0, 0));
    let other = "/uploads/0e6d1a6f-0f3c-4b57-9c53-2f61d2f7a111";
    app.request("PUT", other, &[JPEG], "image").await.is(404, "not-found");
    app.request("PUT", "/uploads/..%2froster.db", &[JPEG], "image").await.is(404, "not-found");

    // As announced, twice: the second replaces the first.
    for _ in 0..2 {
        assert_eq!(app.request("PUT", &path, &[JPEG], "image").await.status, 200);
    }
    app.post(form("ada@example.org", &upload)).await.is(415, "unsupported-image");
    assert!(app.users().await.is_empty());
}

#[tokio::test]
async fn an_upload_that_is_unknown_or_not_sent_is_refused_as_that() {
    let app = TestApp::start().await;
    let id = app.user("bob@example.org").await;
    let announced = announce(&app, &json!({"content_type": "image/jpeg", "size": 5})).await;
    let not_sent = announced.is_created()["upload"].as_str().unwrap().to_owned();
    for (upload, why) in [
        ("", "unknown"),
        ("../roster.db", "unknown"),
        ("0e6d1a6f-0f3c-4b57-9c53-2f61d2f7a111", "unknown"),
        (not_sent.as_str(), "not sent yet"),
    ] {
        refused(&app.post(form("ada@example.org", upload)).await, why);
        refused(&put_avatar(&app, &id, upload).await, why);
    }
    for body in ["{}", r#"{"upload": 1}"#, r#"{"upload": null}"#] {
        let answer = app.request("PUT", &format!("/users/{id}/avatar"), &[JSON], body).await;
        refused(&answer, "POST /uploads");
    }
    let both = form("ada@example.org", &not_sent).file("avatar", &pictures::small_jpeg());
    refused(&app.post(both).await, "one of the two");
    assert_eq!(app.users().await.len(), 1);
}

#[tokio::test]
async fn an_upload_expires() {
    let app = TestApp::start().await;
    let (sent_one, image) = (sent(&app, &pictures::small_jpeg()).await, pictures::small_jpeg());
    let announced = announce(&app, &json!({"content_type": "image/jpeg", "size": image.len()})).await;
    let open_one = announced.is_created()["upload"].as_str().unwrap().to_owned();
    let announce_earlier = |by: Duration| {
        for file in files(&app, "announced") {
            let mut record: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
            record["announced_at"] = (Timestamp::now() - by).as_millisecond().into();
            fs::write(&file, record.to_string()).unwrap();
        }
    };
    announce_earlier(DirectUpload::OPEN);
    app.request("PUT", &format!("/uploads/{open_one}"), &[JPEG], image).await.is(404, "not-found");
    refused(&app.post(form("ada@example.org", &open_one)).await, "expired");

    announce_earlier(DirectUpload::USABLE);
    refused(&app.post(form("ada@example.org", &sent_one)).await, "expired");
    announce_earlier(DirectUpload::USABLE.saturating_sub(Duration::from_mins(1)));
    assert_eq!(app.post(form("ada@example.org", &sent_one)).await.status, 201);
}

#[tokio::test]
async fn what_is_refused_for_another_reason_does_not_use_up_the_upload() {
    let app = TestApp::start().await;
    let id = app.user("bob@example.org").await;
    let upload = sent(&app, &pictures::small_jpeg()).await;
    app.post(form("bob@example.org", &upload)).await.is(409, "email-taken");
    let headers = [JSON, ("if-match", "\"0-0\"")];
    let stale = app
        .request("PUT", &format!("/users/{id}/avatar"), &headers, json!({"upload": upload}).to_string())
        .await;
    stale.is(412, "precondition-failed");
    put_avatar(&app, &"0".repeat(64), &upload).await.is(404, "not-found");
    assert_eq!(app.post(form("ada@example.org", &upload)).await.status, 201);
}

#[tokio::test]
async fn a_request_with_a_direct_upload_can_be_repeated_under_its_key() {
    let app = TestApp::start().await;
    let upload = sent(&app, &pictures::small_jpeg()).await;
    let request = || form("ada@example.org", &upload).header("Idempotency-Key", "k-1");
    let first = app.post(request()).await.is_created();
    assert_eq!(app.post(request()).await.is_created(), first);
    let other = sent(&app, &pictures::small_jpeg()).await;
    app.post(form("ada@example.org", &other).header("Idempotency-Key", "k-1"))
        .await
        .is(422, "idempotency-key-reused");
    refused(
        &app.post(form("bob@example.org", &upload).header("Idempotency-Key", "k-1")).await,
        "already used",
    );
}

#[tokio::test]
async fn a_request_whose_answer_was_lost_succeeds_when_it_is_repeated_under_its_key() {
    let app = TestApp::start().await;
    for (number, fault) in [
        "users.create=unavailable*1",
        "users.create=unavailable*1@after",
        "uploads.claim=unavailable*1@after",
    ]
    .into_iter()
    .enumerate()
    {
        let upload = sent(&app, &pictures::small_jpeg()).await;
        let request = || form(&format!("ada{number}@example.org"), &upload).header("Idempotency-Key", "k-1");
        app.faults.set(fault).unwrap();
        app.post(request()).await.is(503, "unavailable");
        assert_eq!(app.post(request()).await.status, 201, "{fault}");
    }
}

#[tokio::test]
async fn a_request_that_failed_is_repeated_with_the_same_upload_without_a_key() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    for fault in ["uploads.claim=unavailable*1@after", "users.replace_avatar=unavailable*1"] {
        let upload = sent(&app, &pictures::small_jpeg()).await;
        app.faults.set(fault).unwrap();
        put_avatar(&app, &id, &upload).await.is(503, "unavailable");
        assert_eq!(put_avatar(&app, &id, &upload).await.status, 200, "{fault}");
        refused(&put_avatar(&app, &id, &upload).await, "already used");
    }
    let upload = sent(&app, &pictures::small_jpeg()).await;
    app.faults.set("users.create=unavailable*1").unwrap();
    app.post(form("bob@example.org", &upload)).await.is(503, "unavailable");
    refused(&app.post(form("eve@example.org", &upload)).await, "already used");
    assert_eq!(app.post(form("bob@example.org", &upload)).await.status, 201);
    assert_eq!(files(&app, "sent").len(), 0);
}

#[tokio::test]
async fn an_image_that_can_never_be_stored_is_removed_and_another_can_be_sent() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    let broken = [&image[..image.len() / 2], &vec![0; image.len().div_ceil(2)]].concat();
    let upload = sent(&app, &broken).await;
    let answer = app.post(form("ada@example.org", &upload)).await;
    assert!([415, 422].contains(&answer.status.as_u16()), "{answer:?}");
    assert_eq!(files(&app, "sent").len(), 0);
    assert_eq!(app.request("PUT", &format!("/uploads/{upload}"), &[JPEG], image).await.status, 200);
    assert_eq!(app.post(form("ada@example.org", &upload)).await.status, 201);
}

#[tokio::test]
async fn one_of_racing_requests_uses_an_upload() {
    let app = TestApp::start().await;
    for round in 0..10 {
        let upload = sent(&app, &pictures::small_jpeg()).await;
        let requests = [0, 1].map(|number| app.post(form(&format!("{round}-{number}@example.org"), &upload)));
        let answers = futures_util::future::join_all(requests).await;
        let created = answers.iter().filter(|answer| answer.status == 201).count();
        assert_eq!(created, 1, "{answers:?}");
        refused(answers.iter().find(|answer| answer.status != 201).unwrap(), "already used");
        let same = || form(&format!("{round}@example.org"), &upload);
        refused(&app.post(same()).await, "already used");
    }
    let upload = sent(&app, &pictures::small_jpeg()).await;
    let same = [0, 1, 2].map(|_| app.post(form("ada@example.org", &upload).header("Idempotency-Key", "k")));
    for answer in futures_util::future::join_all(same).await {
        assert_eq!(answer.status, 201, "{answer:?}");
    }
}

#[tokio::test]
async fn an_upload_belongs_to_the_subject_that_announced_it() {
    let issuer = TestIssuer::start().await;
    let app = TestApp::with(Settings { auth: issuer.auth(), ..Default::default() }).await;
    let bearer = |subject: &str| {
        format!("Bearer {}", issuer.token_with(json!({"scope": "users:write", "sub": subject})))
    };
    let (ada, eve) = (bearer("ada"), bearer("eve"));
    let image = pictures::small_jpeg();
    let announcement = json!({"content_type": "image/jpeg", "size": image.len()}).to_string();
    let announced = app.request("POST", "/uploads", &[JSON, ("authorization", &ada)], announcement).await;
    let upload = announced.is_created()["upload"].as_str().unwrap().to_owned();
    // As to a presigned URL: without a token.
    assert_eq!(app.request("PUT", &format!("/uploads/{upload}"), &[JPEG], image).await.status, 200);

    let request = |bearer: &str| form("ada@example.org", &upload).header("authorization", bearer);
    refused(&app.post(request(&eve)).await, "another token");
    assert_eq!(app.post(request(&ada)).await.status, 201);
    for file in files(&app, "announced") {
        let record = fs::read_to_string(file).unwrap();
        assert!(!record.contains("\"ada\""), "the subject itself is not kept: {record}");
    }
}

#[tokio::test]
async fn bytes_that_wait_are_not_in_the_database() {
    let app = TestApp::start().await;
    let image = pictures::small_jpeg();
    sent(&app, &image).await;
    let part = &image[image.len() / 2..image.len() / 2 + 32];
    for suffix in ["", "-wal"] {
        let mut file = app.file().into_os_string();
        file.push(suffix);
        let content = fs::read(file).unwrap_or_default();
        assert!(!content.windows(part.len()).any(|window| window == part), "{suffix}");
    }
}

#[tokio::test]
async fn without_memory_for_the_bytes_the_upload_stays() {
    let folder = tempfile::tempdir().unwrap();
    let connection = connect(&folder.path().join("roster.db"), Boundary::default()).await;
    let start = |bytes: usize| {
        let plan = MemoryPlan { upload_bytes: bytes, ..crate::support::bodies(1 << 20) };
        let app = Settings::default().app_within(&plan, connection.stores.clone());
        server::app::routes(&app)
    };
    let send = async |router: axum::Router, method: &str, path: &str, kind: &str, body: Vec<u8>| {
        let request = Request::builder().method(method).uri(path).header("content-type", kind);
        let answer =
            tower::ServiceExt::oneshot(router, request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
        (status, serde_json::from_slice::<Value>(&body).unwrap_or_default())
    };
    let image = pictures::picture(400, 300, 0, image::ImageFormat::Png);
    let announcement = json!({"content_type": "image/png", "size": image.len()}).to_string();
    let (_, body) = send(start(1 << 20), "POST", "/uploads", "application/json", announcement.into()).await;
    let upload = body["upload"].as_str().unwrap().to_owned();
    send(start(1 << 20), "PUT", &format!("/uploads/{upload}"), "image/png", image.clone()).await;
    for (bytes, status) in [(image.len() / 2, 503), (1 << 20, 201)] {
        let body = form("ada@example.org", &upload).bytes();
        let (answered, problem) = send(start(bytes), "POST", "/user", &Form::content_type(), body).await;
        assert_eq!(answered, status, "{problem}");
    }
}

#[tokio::test]
async fn an_image_that_a_gateway_cannot_carry_is_refused_with_the_way_that_can() {
    let folder = tempfile::tempdir().unwrap();
    let connection = connect(&folder.path().join("roster.db"), Boundary::default()).await;
    let plan = MemoryPlan { image_bytes: 1000, ..crate::support::bodies(8 << 20) };
    let app = Settings::default().app_within(&plan, connection.stores.clone());
    let image = pictures::picture(400, 300, 0, image::ImageFormat::Png);
    let form = Form::user("Ada", "ada@example.org", &image);
    let router = server::app::routes(&app);
    let answer =
        tower::ServiceExt::oneshot(router, form.request(axum::http::Method::POST, "/user")).await.unwrap();
    assert_eq!(answer.status(), 413);
    let body = http_body_util::BodyExt::collect(answer.into_body()).await.unwrap().to_bytes();
    let problem: Value = serde_json::from_slice(&body).unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("up to 4194304 bytes by direct upload: `POST /uploads`"), "{detail}");
}

/// A Roster on emulated AWS with a bucket for direct uploads.
async fn on_aws() -> (TestApp, tempfile::TempDir) {
    let (endpoints, folder) = crate::support::aws::stores().await;
    let config = endpoints.config();
    storage::aws::provision_uploads(&config, "uploads").await.unwrap();
    let options = Options {
        users_table: "users".to_owned(),
        avatars_bucket: Some("avatars".to_owned()),
        uploads_bucket: Some("uploads".to_owned()),
        events_queue_url: None,
        dead_letters_url: None,
        links: domain::Links::new(BASE, BASE),
    };
    let connection = open_aws(&options, &config, Faults::default());
    let app = TestApp::on_connection(
        connection,
        Faults::default(),
        Telemetry::for_server(None),
        Settings::default(),
    );
    (app, folder)
}

/// One request to a URL of the emulator.
async fn at(method: &str, url: &str, headers: Vec<(String, String)>, body: Vec<u8>) -> (u16, Vec<u8>) {
    let (address, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let (address, head) = (address.to_owned(), format!("{method} /{path}"));
    let send = move || {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Running::request_at(&address, &head, &headers, &body).unwrap()
    };
    tokio::task::spawn_blocking(send).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_direct_upload_by_s3_is_the_same_as_one_by_this_api() {
    let (app, _folder) = on_aws().await;
    let image = pictures::small_jpeg();
    let body = announce(&app, &json!({"content_type": "image/jpeg", "size": image.len()})).await.is_created();
    let upload = body["upload"].as_str().unwrap().to_owned();
    refused(&app.post(form("ada@example.org", &upload)).await, "not sent yet");

    let headers = body["headers"].as_object().unwrap().iter();
    let headers: Vec<_> = headers
        .filter(|(name, _)| *name != "content-length")
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    let (status, answer) = at("PUT", body["url"].as_str().unwrap(), headers, image.clone()).await;
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    app.request("PUT", &format!("/uploads/{upload}"), &[JPEG], image.clone()).await.is(404, "not-found");

    let created = app.post(form("ada@example.org", &upload)).await.is_created();
    let embedded = TestApp::start().await;
    let expected = embedded.post(Form::user("Ada", "ada@example.org", &image)).await.is_created();
    assert_eq!(
        app.image(&created["avatar_url"]).await.body,
        embedded.image(&expected["avatar_url"]).await.body
    );
    refused(&app.post(form("bob@example.org", &upload)).await, "already used");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_a_gateway_cannot_return_is_got_from_s3() {
    let (app, _folder) = on_aws().await;
    let created = app.post(Form::user("Ada", "ada@example.org", &pictures::small_jpeg())).await.is_created();
    let path = created["avatar_url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    let whole = app.get(&path).await.body;
    let limit = AnswerLimit {
        list_bytes: 100,
        max_bytes: whole.len(),
        by: tokio::time::Instant::now() + Duration::from_mins(1),
    };
    let answer = app.send(Request::get(&path).extension(limit).body(Body::empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (307, "no-store"));
    let (status, body) = at("GET", answer.header("location"), vec![], vec![]).await;
    assert_eq!((status, body), (200, whole.to_vec()));
}

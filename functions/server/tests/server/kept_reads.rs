//! Reads that are answered from memory show every acknowledged write, and every failure.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use domain::{Digest, Environment};
use futures_util::future::join_all;
use image::ImageFormat;
use runtime::Telemetry;
use storage::{Boundary, Faults};

use crate::support::{Answer, Settings, TestApp, connect, metrics::value, pictures};

const CALLS: &str = "roster_store_call_duration_seconds_count";
const PAGE: &str = "/users?limit=100";

/// How many times the store was called for this.
fn calls(app: &TestApp, operation: &str) -> u64 {
    value(&app.telemetry.scrape(None), CALLS, &[&format!("operation=\"{operation}\"")])
}

/// What a page shows of its only user: name and URL.
fn shown(page: &Answer) -> (String, String) {
    let user = &page.json()[0];
    (user["name"].as_str().unwrap().to_owned(), user["avatar_url"].as_str().unwrap().to_owned())
}

async fn rename(app: &TestApp, id: &str, name: &str) {
    assert_eq!(app.patch(id, &format!(r#"{{"name": "{name}"}}"#)).await.status, 200);
}

async fn revalidate(app: &TestApp, path: &str, tag: &str) -> Answer {
    app.request("GET", path, &[("if-none-match", tag)], "").await
}

#[tokio::test]
async fn while_nothing_is_written_pages_and_users_are_read_once() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    let (page, picture) = (app.get(PAGE).await, app.get(&format!("/avatar/{id}")).await);
    // Its renditions were written.
    let (lists, gets) = (calls(&app, "users.list"), calls(&app, "users.find"));
    for _ in 0..10 {
        assert_eq!(app.get(PAGE).await.body, page.body);
        assert_eq!(app.get(&format!("/avatar/{id}")).await.body, picture.body);
    }
    assert!(calls(&app, "users.list") <= lists + 1);
    assert!(calls(&app, "users.find") <= gets + 1);
    app.get(&format!("{PAGE}&cursor=01{}", "0".repeat(64))).await;
    app.get("/users?limit=99").await;
    assert!(calls(&app, "users.list") >= lists + 2, "other pages are others");
}

#[tokio::test]
async fn a_page_is_never_older_than_an_acknowledged_write() {
    let app = TestApp::start().await;
    for round in 0..20 {
        assert_eq!(app.get(PAGE).await.body, "[]");
        let id = app.user("ada@example.org").await;
        let (name, first) = shown(&app.get(PAGE).await);
        assert_eq!(name, "Ada");
        rename(&app, &id, &format!("Ada {round}")).await;
        assert_eq!(shown(&app.get(PAGE).await), (format!("Ada {round}"), first.clone()));
        assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
        let (_, second) = shown(&app.get(PAGE).await);
        assert_ne!(second, first);
        assert_eq!(app.request("DELETE", &format!("/users/{id}/avatar"), &[], "").await.status, 204);
        let (_, generated) = shown(&app.get(PAGE).await);
        assert!(generated.ends_with(&format!("/avatar/{id}")), "{generated}");
        assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
    }
}

#[tokio::test]
async fn a_picture_is_never_older_than_an_acknowledged_write() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let id = app.user("ada@example.org").await;
        let md5 = domain::Md5::of(&domain::Email::parse("ada@example.org").unwrap());
        let paths = [format!("/avatar/{id}?d=404"), format!("/avatar/{md5}?d=404")];
        for path in &paths {
            let first = app.get(path).await;
            assert_eq!(first.status, 200);
            let image = pictures::picture(90, 90, round, ImageFormat::Png);
            assert_eq!(app.put_image(&id, &image).await.status, 200);
            let second = app.get(path).await;
            assert!(second.status == 200 && second.body != first.body);
            assert_eq!(app.request("DELETE", &format!("/users/{id}/avatar"), &[], "").await.status, 204);
            app.get(path).await.is(404, "not-found");
            assert_eq!(app.put_image(&id, &pictures::small_jpeg()).await.status, 200);
        }
        assert_eq!(app.request("DELETE", &format!("/users/{id}"), &[], "").await.status, 204);
        for path in &paths {
            app.get(path).await.is(404, "not-found");
        }
    }
}

#[tokio::test]
async fn after_a_write_of_unknown_outcome_a_page_shows_what_happened() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.org").await;
    for (fault, name) in [("fail*1@after", "Ada 1"), ("panic*1@after", "Ada 2")] {
        app.get(PAGE).await;
        app.faults.set(&format!("sqlite.commit={fault}")).unwrap();
        app.patch(&id, &format!(r#"{{"name": "{name}"}}"#)).await.is(503, "unavailable");
        assert_eq!(shown(&app.get(PAGE).await).0, name, "{fault}");
    }
}

/// Each writer renames its own user and asks for the page at once, while readers ask for it all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_writers_and_readers_see_every_acknowledged_write() {
    const WRITERS: usize = 4;
    const WRITES: u64 = 100;
    let app = Arc::new(TestApp::start().await);
    let mut ids = Vec::new();
    for number in 0..WRITERS {
        ids.push(app.user(&format!("user{number}@example.org")).await);
        rename(&app, &ids[number], "0").await;
    }
    let acknowledged: Arc<[AtomicU64; WRITERS]> = Arc::default();
    let check = {
        let (app, acknowledged) = (app.clone(), acknowledged.clone());
        move || {
            let (app, acknowledged) = (app.clone(), acknowledged.clone());
            async move {
                let before: Vec<_> = acknowledged.iter().map(|count| count.load(Ordering::SeqCst)).collect();
                let page = app.get(PAGE).await;
                for user in page.json().as_array().unwrap() {
                    let email = user["email"].as_str().unwrap();
                    let number: usize = email["user".len()..email.find('@').unwrap()].parse().unwrap();
                    let count: u64 = user["name"].as_str().unwrap().parse().unwrap();
                    assert!(count >= before[number], "{count} of {}", before[number]);
                }
            }
        }
    };
    let mut tasks = tokio::task::JoinSet::new();
    for (number, id) in ids.into_iter().enumerate() {
        let (app, acknowledged, check) = (app.clone(), acknowledged.clone(), check.clone());
        tasks.spawn(async move {
            for count in 1..=WRITES {
                rename(&app, &id, &count.to_string()).await;
                acknowledged[number].store(count, Ordering::SeqCst);
                check().await;
            }
        });
    }
    for _ in 0..2 {
        let (acknowledged, check) = (acknowledged.clone(), check.clone());
        tasks.spawn(async move {
            while acknowledged.iter().any(|count| count.load(Ordering::SeqCst) < WRITES) {
                check().await;
            }
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test]
async fn a_fault_is_seen_although_the_page_and_the_user_are_kept() {
    let app = TestApp::start().await;
    let picture = format!("/avatar/{}", app.user("ada@example.org").await);
    for _ in 0..2 {
        assert_eq!(app.get(PAGE).await.status, 200);
        assert_eq!(app.get(&picture).await.status, 200);
    }
    app.faults.set("users.list=unavailable*1,users.find=throttled*1").unwrap();
    app.get(PAGE).await.is(503, "unavailable");
    app.get(&picture).await.is(503, "busy");
    assert_eq!(app.get(PAGE).await.status, 200);
}

/// A slow store of which nothing is kept, since a fault rule names its reads.
#[tokio::test]
async fn requests_that_wait_for_the_same_read_share_it() {
    const REQUESTS: u64 = 20;
    let app = TestApp::start().await;
    let picture = format!("/avatar/{}", app.user("ada@example.org").await);
    for (path, operation) in [(PAGE, "users.list"), ("/users", "users.list"), (&picture, "users.find")] {
        let alone = app.get(path).await;
        app.faults.set(&format!("{operation}=slow:50ms")).unwrap();
        let before = calls(&app, operation);
        for answer in join_all((0..REQUESTS).map(|_| app.get(path))).await {
            assert_eq!((answer.status.as_u16(), &answer.body), (200, &alone.body), "{path}");
        }
        let reads = calls(&app, operation) - before;
        assert!((2..REQUESTS / 2).contains(&reads), "{path}: {reads} reads");
        app.faults.clear();
    }
}

#[tokio::test]
async fn a_wrong_environment_is_seen_although_the_page_and_the_user_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("roster.db");
    let expected = Some("prod".parse::<Environment>().unwrap());
    let connection = connect(&file, Boundary { expected, ..Boundary::default() }).await;
    let app = TestApp::on_connection(
        connection,
        Faults::default(),
        Telemetry::for_server(None),
        Settings::default(),
    );
    let picture = format!("/avatar/{}", app.user("ada@example.org").await);
    for _ in 0..2 {
        assert_eq!(app.get(PAGE).await.status, 200);
        assert_eq!(app.get(&picture).await.status, 200);
    }
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute("UPDATE environment SET name = 'beta'", []).unwrap();
    app.connection.stores.health.check().await.unwrap_err();
    app.get(PAGE).await.is(503, "unavailable");
    app.get(&picture).await.is(503, "unavailable");
}

#[tokio::test]
async fn a_page_is_revalidated_by_its_etag_which_changes_with_a_rename() {
    let app = TestApp::start().await;
    let ids = [app.user("ada@example.org").await, app.user("eve@example.org").await];
    let path = "/users?limit=1";
    let first = app.get(path).await;
    let tag = first.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", Digest::of(&first.body)));
    let again = revalidate(&app, path, &tag).await;
    assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
    for name in ["etag", "cache-control", "link"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    assert_eq!(again.header("content-type"), "");
    let head = app.request("HEAD", path, &[], "").await;
    assert_eq!((head.header("etag"), head.body.len()), (&*tag, 0));
    revalidate(&app, path, "no tag").await.is(400, "bad-request");

    let (_, url) = shown(&first);
    let (listed, other): (Vec<_>, Vec<_>) = ids.iter().partition(|id| url.contains(*id));
    rename(&app, other[0], "Grace").await;
    assert_eq!(revalidate(&app, path, &tag).await.status, 304);
    rename(&app, listed[0], "Grace").await;
    let changed = revalidate(&app, path, &tag).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
}

#[tokio::test]
async fn the_list_of_all_users_has_no_etag() {
    let app = TestApp::start().await;
    let all = app.get("/users").await;
    assert_eq!(all.header("etag"), "");
    assert_eq!(revalidate(&app, "/users", "\"x\"").await.status, 200);
    // The list always exists.
    let current = revalidate(&app, "/users", "*").await;
    assert_eq!((current.status.as_u16(), &*current.body), (304, &b""[..]));
    assert_eq!(current.header("cache-control"), all.header("cache-control"));
    assert_eq!((current.header("content-type"), current.header("etag")), ("", ""));
    app.faults.set("users.list=unavailable").unwrap();
    assert_eq!(revalidate(&app, "/users", "*").await.status, 503);
}

//! Responses with a size limit: lists that are cut, images that are too large.

use std::collections::BTreeSet;

use axum::{body::Body, http::Request};
use domain::Stores;
use runtime_api::{ClientRequest, EventSource};
use storage::{Boundary, Faults, Tools};
use tokio::time::{Duration, Instant};
use web::AnswerLimit;

use crate::support::{
    Answer, BASE, TestApp, deployment::Deployment, form::Form, gated_store::GatedStore, pictures,
};

fn limit(bytes: usize) -> AnswerLimit {
    AnswerLimit { list_bytes: bytes, max_bytes: bytes, by: Instant::now() + Duration::from_mins(1) }
}

async fn limited(app: &TestApp, path: &str, limit: AnswerLimit) -> Answer {
    app.send(Request::get(path).extension(limit).body(Body::empty()).unwrap()).await
}

/// Users whose names are much longer as JSON strings than in characters.
async fn with_long_names() -> TestApp {
    let app = TestApp::start().await;
    for (number, character) in ["\"", "\\", "é", "a", "\u{1f9ed}", "/", "<"].into_iter().enumerate() {
        let email = format!("user{number}@example.org");
        let form = Form::user(&character.repeat(200), &email, &pictures::small_jpeg());
        assert_eq!(app.post(form).await.status, 201);
    }
    app
}

/// The target of the `Link`.
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link").strip_prefix('<')?.strip_suffix(">; rel=\"next\"").unwrap();
    Some(link.strip_prefix(BASE).unwrap().to_owned())
}

/// Follows the links from `path`, each response under `limit`. Returns the number of responses and their
/// users.
async fn walk(app: &TestApp, path: &str, limit: AnswerLimit) -> (usize, Vec<String>) {
    let (mut answers, mut met, mut path) = (0, Vec::new(), Some(path.to_owned()));
    while let Some(at) = path {
        let answer = limited(app, &at, limit).await;
        assert_eq!(answer.status, 200);
        let text = std::str::from_utf8(&answer.body).unwrap();
        assert!(serde_json::to_string(text).unwrap().len() <= limit.list_bytes, "{}", text.len());
        let users = answer.json().as_array().unwrap().clone();
        met.extend(users.iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        answers += 1;
        path = next(&answer);
    }
    (answers, met)
}

#[tokio::test]
async fn a_list_is_cut_after_a_user_before_it_exceeds_the_limit() {
    let app = with_long_names().await;
    for path in ["/users", "/users?limit=1000", "/users?limit=3"] {
        for bytes in [1_500, 2_000, 2_500, 5_000] {
            let (answers, met) = walk(&app, path, limit(bytes)).await;
            assert!(answers > 1 || bytes == 5_000, "{path} {bytes}: {answers}");
            assert_eq!((met.len(), met.iter().collect::<BTreeSet<_>>().len()), (7, 7), "{path} {bytes}");
        }
    }
    let first = limited(&app, "/users", limit(2_000)).await;
    assert!(next(&first).unwrap().starts_with("/users?limit=1000&cursor="), "{first:?}");
}

#[tokio::test]
async fn a_list_that_fits_is_the_same_as_without_a_limit() {
    let app = with_long_names().await;
    let whole = app.get("/users").await;
    let bytes = serde_json::to_string(std::str::from_utf8(&whole.body).unwrap()).unwrap().len();
    let fits = limited(&app, "/users", limit(bytes)).await;
    assert_eq!((&fits.body, next(&fits)), (&whole.body, None));
    let cut = limited(&app, "/users", limit(bytes - 3)).await;
    assert_eq!((cut.json().as_array().unwrap().len(), next(&cut).is_some()), (6, true));
}

#[tokio::test]
async fn a_list_is_cut_at_its_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, 2500).unwrap();
    let app = TestApp::on(folder, &path, crate::support::Settings::default()).await;
    let late = AnswerLimit { by: Instant::now(), ..limit(5_000_000) };
    app.faults.set("users.list=slow:1ms").unwrap();
    let (answers, met) = walk(&app, "/users", late).await;
    assert_eq!((answers, met.len()), (3, 2500));
}

#[tokio::test]
async fn a_function_cuts_a_list_before_its_timeout() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, 5000).unwrap();
    let app = TestApp::on(folder, &path, crate::support::Settings::default()).await;
    let users = GatedStore::new(app.connection.stores.users.clone());
    users.permits.add_permits(100);
    let stores = Stores { users, ..app.connection.stores.clone() };
    // Around the watched store: its reads are blocking tasks, during which a paused clock does not advance.
    let faults = Faults::default();
    let boundary = Boundary { faults: faults.clone(), ..Boundary::default() };
    let (stores, _, guard) = boundary.around(stores, Tools::default());
    guard.pass().await.unwrap();
    let deployment = Deployment::new(&stores, crate::support::Settings::default());
    faults.set("users.list=slow:8s").unwrap();
    tokio::time::pause();
    let began = Instant::now();
    let request =
        ClientRequest { method: "GET".to_owned(), target: "/users".to_owned(), ..ClientRequest::default() };
    let response = deployment.send(EventSource::HttpApi, &request).await;
    let (took, met) =
        (began.elapsed(), serde_json::from_slice::<Vec<serde_json::Value>>(&response.body).unwrap());
    assert!(Duration::from_secs(16) < took && took < Duration::from_secs(20), "{took:?}");
    assert_eq!((response.status, met.len()), (200, 2000), "what came in time");
    assert!(response.headers.iter().any(|(name, value)| name == "link" && value.contains("cursor=")));
}

#[tokio::test]
async fn a_store_failure_within_a_limited_list_is_a_503() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.db");
    storage::sqlite::fill(&path, 2500).unwrap();
    let app = TestApp::on(folder, &path, crate::support::Settings::default()).await;
    app.faults.set("users.list=unavailable@from:2").unwrap();
    limited(&app, "/users", limit(5_000_000)).await.is(503, "unavailable");
}

#[tokio::test]
async fn an_image_above_the_limit_is_a_problem_and_its_ranges_are_served() {
    let app = TestApp::start().await;
    app.user("ada@example.org").await;
    let path = app.users().await[0]["avatar_url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    let length = app.get(&path).await.body.len();
    let encoded = length.div_ceil(3) * 4;
    assert_eq!(limited(&app, &path, limit(encoded)).await.status, 200);
    limited(&app, &path, limit(encoded - 1)).await.is(503, "answer-too-large");
    for (method, range, status) in
        [("GET", "bytes=0-99", 206), ("HEAD", "", 200), ("GET", &format!("bytes=1-{length}"), 206)]
    {
        let request = Request::builder().method(method).uri(&path).header("range", range);
        let answer = app.send(request.extension(limit(encoded - 1)).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{method} {range}");
    }
}

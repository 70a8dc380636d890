//! The trace of an upload continues in the work on its event.

use domain::TraceParent;

use crate::support::{Settings, TestApp, form::Form, pictures};

const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

#[tokio::test]
async fn the_event_of_each_upload_has_its_trace_parent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roster.db");
    let app = TestApp::on(folder, &path, Settings::default()).await;
    let parents = || {
        let file = rusqlite::Connection::open(&path).unwrap();
        let mut events = file.prepare("SELECT trace_parent FROM events ORDER BY rowid").unwrap();
        let rows = events.query_map([], |row| row.get::<_, Option<String>>(0)).unwrap();
        rows.map(|row| row.unwrap().expect("a parent").parse::<TraceParent>().unwrap()).collect::<Vec<_>>()
    };
    let caller: TraceParent = CALLER.parse().unwrap();
    let form = Form::user("Ada", "ada@example.org", &pictures::small_jpeg());
    let created = app.post(form.header("traceparent", CALLER)).await;
    let avatar = format!("/users/{}/avatar", created.json()["id"].as_str().unwrap());
    assert_eq!(parents().len(), 1);
    let headers = [("traceparent", CALLER), ("content-type", "image/jpeg")];
    assert_eq!(app.request("PUT", &avatar, &headers, pictures::small_jpeg()).await.status, 200);
    let parents = parents();
    assert!(!parents.is_empty());
    for parent in &parents {
        assert_eq!((parent.trace_id, parent.sampled), (caller.trace_id, true));
        assert_ne!(parent.span_id, caller.span_id, "the request's own span");
    }
    let mut spans: Vec<_> = parents.iter().map(|parent| parent.span_id).collect();
    spans.dedup();
    assert_eq!(spans.len(), 2, "{parents:?}");
}

//! Who may open a store, and when.

use storage::{
    Boundary, Config,
    conformance::sample,
    connect, connect_tool,
    sqlite::{OpenError, Options},
};

use crate::{
    fixture::{begin, open, open_in, options},
    refusals::refusal,
};

#[tokio::test]
async fn a_second_serve_is_refused_with_the_serving_process() {
    let fixture = open().await;
    let second = connect(&fixture.config(), Boundary::default()).await.err().map(refusal).unwrap();
    assert!(matches!(second, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()));
    let message = second.to_string();
    assert!(message.contains("roster.db is in use by process"), "{message}");
}

#[tokio::test]
async fn a_second_serve_is_refused_by_any_path_to_the_file() {
    let fixture = open().await;
    let link = fixture.folder.path().join("link.db");
    std::os::unix::fs::symlink(fixture.file(), &link).unwrap();
    let second = connect(&Config::Sqlite(Options::new(link)), Boundary::default()).await.err().map(refusal);
    assert!(matches!(second, Some(OpenError::InUse { .. })));
}

#[tokio::test]
async fn a_data_tool_works_beside_serve_and_locks_nothing() {
    let fixture = open().await;
    let tool = connect_tool(&fixture.config(), Boundary::default()).await.unwrap();
    assert!(!tool.created);
    let by_tool = sample::create_sample(&tool.stores, "tool").await;
    let by_serve = sample::create_sample(&fixture.stores, "serve").await;
    sample::assert_stored(&fixture.stores, &by_tool, &sample::image("image of tool")).await;
    sample::assert_stored(&tool.stores, &by_serve, &sample::image("image of serve")).await;

    fixture.connection.close().await;
    let serve = connect(&Config::Sqlite(options(&fixture.folder)), Boundary::default()).await.unwrap();
    sample::create_sample(&tool.stores, "tool2").await;
    tool.close().await;
    sample::create_sample(&serve.stores, "serve2").await;
}

#[tokio::test]
async fn a_data_tool_creates_no_store() {
    let folder = tempfile::tempdir().unwrap();
    let refused = connect_tool(&Config::Sqlite(options(&folder)), Boundary::default())
        .await
        .err()
        .map(refusal)
        .unwrap();
    assert!(matches!(refused, OpenError::Missing { .. }));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn a_closed_store_opens_again_with_its_users_and_is_not_a_first_run() {
    let first = open().await;
    assert!(first.connection.created);
    let user = sample::create_sample(&first.stores, "ada").await;
    first.connection.close().await;

    let options = options(&first.folder);
    let second = open_in(first.folder, options).await;
    assert!(!second.connection.created);
    sample::assert_stored(&second.stores, &user, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_dropped_store_opens_again_with_its_users() {
    let first = open().await;
    let user = sample::create_sample(&first.stores, "ada").await;
    drop(first.connection);
    let options = options(&first.folder);
    let second = open_in(first.folder, options).await;
    sample::assert_stored(&second.stores, &user, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_closed_store_is_unavailable() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    fixture.connection.close().await;
    let stores = fixture.stores;
    assert!(matches!(stores.users.get(&user.id).await, Err(domain::Error::Unavailable(_))));
    assert!(matches!(stores.users.delete(&user).await, Err(domain::Error::Unavailable(_))));
    assert!(matches!(stores.health.check().await, Err(domain::Error::Unavailable(_))));
}

#[tokio::test]
async fn closing_lets_the_writes_that_wait_finish() {
    let fixture = open().await;
    fixture.faults.set("sqlite.commit=slow:1ms").unwrap();
    let calls: Vec<_> = (0..20)
        .map(|n| {
            let users = fixture.stores.users.clone();
            let new = sample::new_user(&format!("user{n}"));
            begin(async move { users.create(new).await })
        })
        .collect();
    fixture.connection.close().await;
    for call in calls {
        call.await.unwrap();
    }
}

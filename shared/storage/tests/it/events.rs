//! What the worker will be told.

use domain::UploadId;
use storage::conformance::sample;

use crate::fixture::open;

const EVENTS: &str = "SELECT coalesce(group_concat(kind || ' ' || hex(upload), ','), '') FROM events";

fn stored(uploads: &[UploadId]) -> String {
    let hex = |upload: &UploadId| upload.to_string().replace('-', "").to_uppercase();
    uploads.iter().map(|upload| format!("avatar.stored {}", hex(upload))).collect::<Vec<_>>().join(",")
}

#[tokio::test]
async fn each_stored_image_is_told_once_in_the_transaction_that_stores_it() {
    let fixture = open().await;
    let first = sample::create_sample(&fixture.stores, "ada").await;
    let users = &fixture.stores.users;
    let renamed = users.rename(&first, sample::name("Countess"), sample::time(1)).await.unwrap();
    let new = sample::avatar("new");
    let upload = new.upload;
    users.replace_avatar(&renamed, new, sample::time(2)).await.unwrap();
    users.create(sample::new_user("ada")).await.unwrap_err();

    assert_eq!(fixture.query::<String>(EVENTS), stored(&[sample::key(&first).upload, upload]));
}

#[tokio::test]
async fn a_deleted_user_leaves_no_event_and_other_users_keep_theirs() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let bob = sample::create_sample(&fixture.stores, "bob").await;
    fixture.stores.users.delete(&ada).await.unwrap();
    assert_eq!(fixture.query::<String>(EVENTS), stored(&[sample::key(&bob).upload]));
}

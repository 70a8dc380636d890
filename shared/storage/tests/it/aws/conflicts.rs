//! Writes that AWS rejects because another call is changing the same item or object: they are repeated.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use domain::{Error, Finding, Removal, environment::WrongEnvironment};
use storage::{Connection, conformance::sample};

use super::{
    changed::{AwsRequest, refusing},
    emulator::{Emulated, open},
};

const OF_ITEMS: (u16, &str) =
    (400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionConflictException"}"#);
const OF_OBJECTS: (u16, &str) = (409, "<Error><Code>OperationAborted</Code></Error>");
const OF_NEW_OBJECTS: (u16, &str) = (409, "<Error><Code>ConditionalRequestConflict</Code></Error>");

/// An answer that is still to be given.
struct Pending(Arc<AtomicBool>);

impl Pending {
    fn assert_given(&self) {
        assert!(!self.0.load(Ordering::SeqCst), "there was no such request");
    }
}

/// The same stores; this is the answer to the first of these requests.
fn first(
    emulated: &Emulated,
    (status, body): (u16, &'static str),
    is_meant: impl Fn(&AwsRequest) -> bool + Send + Sync + 'static,
) -> (Connection, Pending) {
    let is_pending = Arc::new(AtomicBool::new(true));
    let pending = Pending(is_pending.clone());
    let refuse = move |request: &AwsRequest| {
        (is_meant(request) && is_pending.swap(false, Ordering::SeqCst)).then(|| (status, body.to_owned()))
    };
    (emulated.through(refusing(refuse, |_, _| {})), pending)
}

#[tokio::test]
async fn a_user_is_indexed_although_a_transaction_changes_its_item() {
    let emulated = open().await;
    let ada = sample::with_email("ada", sample::email("ada@bücher.example"));
    let user = sample::create(&emulated.stores, ada).await;
    let (during, conflict) = first(&emulated, OF_ITEMS, |request| request.call == "UpdateItem");
    during.stores.users.index(&user).await.unwrap();
    conflict.assert_given();
}

#[tokio::test]
async fn an_orphan_is_removed_although_another_call_changes_the_bucket() {
    let emulated = open().await;
    let orphan = emulated.orphan("eve").await;
    let (during, conflict) = first(&emulated, OF_OBJECTS, |request| request.call == "POST");
    let found = [Finding::UnreferencedAvatar(orphan.to_string())];
    let removals = during.tools.inventory.unwrap().remove(&found).await.unwrap();
    assert_eq!((removals, emulated.has(&orphan).await), (vec![Removal::Removed], false));
    conflict.assert_given();
}

async fn remove_marker(emulated: &Emulated) {
    emulated.s3.delete_object().bucket(emulated.bucket()).key("roster.json").send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_is_claimed_although_another_call_adds_its_marker() {
    let emulated = open().await;
    remove_marker(&emulated).await;
    let (during, conflict) = first(&emulated, OF_NEW_OBJECTS, |request| request.call == "PUT");
    during.tools.inventory.as_ref().unwrap().claim().await.unwrap();
    during.tools.inventory.unwrap().confirm().await.unwrap();
    conflict.assert_given();
}

/// S3 answers `412` to the claim.
#[tokio::test]
async fn a_marker_that_is_written_during_a_claim_decides_whose_bucket_it_is() {
    let emulated = open().await;
    let reads_none = (404, "<Error><Code>NoSuchKey</Code></Error>");
    let is_read = |request: &AwsRequest| request.call == "GET" && request.uri.contains("roster.json");
    let (during, absence) = first(&emulated, reads_none, is_read);
    during.tools.inventory.unwrap().claim().await.unwrap();
    absence.assert_given();

    let text = r#"{"environment": "test", "table": "others"}"#;
    let put = emulated.s3.put_object().bucket(emulated.bucket()).key("roster.json");
    put.body(text.as_bytes().to_vec().into()).send().await.unwrap();
    let (during, absence) = first(&emulated, reads_none, is_read);
    let refused = during.tools.inventory.unwrap().claim().await;
    assert!(matches!(refused, Err(Error::WrongEnvironment(WrongEnvironment::Table { .. }))), "{refused:?}");
    absence.assert_given();
}

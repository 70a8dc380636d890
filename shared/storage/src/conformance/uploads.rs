//! Direct uploads, as far as they are the same in every store.

use domain::{Claim, Digest, Stores};
use tokio::task::JoinSet;

use super::sample::direct_upload;

pub async fn an_announced_upload_is_found_and_no_other(stores: &Stores) {
    let upload = direct_upload(5);
    stores.uploads.announce(&upload).await.expect("announced");
    assert_eq!(stores.uploads.find(&upload.id).await.expect("an answer"), Some(upload));
    assert_eq!(stores.uploads.find(&direct_upload(5).id).await.expect("an answer"), None);
}

pub async fn what_was_not_sent_is_not_read(stores: &Stores) {
    let upload = direct_upload(5);
    stores.uploads.announce(&upload).await.expect("announced");
    assert_eq!(stores.uploads.read(&upload).await.expect("an answer"), None);
    stores.uploads.remove(&upload.id).await.expect("nothing to remove is no error");
}

pub async fn one_of_racing_requests_claims_an_upload(stores: &Stores) {
    let upload = direct_upload(5);
    assert!(!stores.uploads.is_claimed(&upload.id).await.expect("an answer"));
    let mut claims = JoinSet::new();
    for request in 0..8_u8 {
        let uploads = stores.uploads.clone();
        let id = upload.id;
        claims.spawn(async move {
            let request = Digest::of(&[request]);
            (uploads.claim(&id, &request).await.expect("an answer"), request)
        });
    }
    let claims = claims.join_all().await;
    let granted: Vec<_> = claims.iter().filter(|(claim, _)| *claim == Claim::Granted).collect();
    assert_eq!(granted.len(), 1, "{claims:?}");
    assert!(stores.uploads.is_claimed(&upload.id).await.expect("an answer"));
    // Repeated, as after a lost answer.
    for (claim, request) in &claims {
        assert_eq!(stores.uploads.claim(&upload.id, request).await.expect("an answer"), *claim);
    }
}

pub async fn a_claim_outlives_the_bytes(stores: &Stores) {
    let upload = direct_upload(5);
    stores.uploads.announce(&upload).await.expect("announced");
    let (first, second) = (Digest::of(b"first"), Digest::of(b"second"));
    assert_eq!(stores.uploads.claim(&upload.id, &first).await.expect("an answer"), Claim::Granted);
    stores.uploads.remove(&upload.id).await.expect("removed");
    assert_eq!(stores.uploads.claim(&upload.id, &second).await.expect("an answer"), Claim::Taken);
    assert!(stores.uploads.find(&upload.id).await.expect("an answer").is_some());
}

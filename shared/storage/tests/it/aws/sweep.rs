//! What a sweep finds in a bucket.

use aws_sdk_s3::primitives::ByteStream;
use domain::{Error, Finding, Removal, SweepStage};
use storage::conformance::{
    inventory::{NO_GRACE, findings, remove},
    renditions::{assert_kept, renditions},
    sample,
};

use super::emulator::{Emulated, open};

async fn put(emulated: &Emulated, key: &str) {
    let body = ByteStream::from_static(b"left");
    emulated.s3.put_object().bucket(emulated.bucket()).key(key).body(body).send().await.unwrap();
}

#[tokio::test]
async fn orphans_are_found_and_removed_and_all_else_stays() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let made = renditions("ada");
    emulated.stores.renditions.keep(&sample::key(&ada), &made).await.unwrap();
    let (stranger, other) = (sample::new_user("eve"), sample::avatar("old image of ada"));
    let (gone, _) = stranger.avatar.for_user(stranger.user().id);
    let (before, _) = other.for_user(ada.id);
    let left = [
        gone.to_string(),
        before.to_string(),
        before.renditions().next().unwrap().to_string(),
        gone.renditions().next().unwrap().to_string(),
    ];
    for key in &left {
        put(&emulated, key).await;
    }
    put(&emulated, "avatars/of another program.txt").await;

    let found = findings(&emulated.tools).await;
    let key = |finding: &Finding| match finding {
        Finding::UnreferencedAvatar(key) | Finding::UnreferencedRendition(key) => key.clone(),
        other => panic!("{other:?}"),
    };
    let (mut keys, mut expected) = (found.iter().map(key).collect::<Vec<_>>(), left.to_vec());
    keys.sort();
    expected.sort();
    assert_eq!(keys, expected);

    assert_eq!(remove(&emulated.tools, &found).await, vec![Removal::Removed; 4]);
    assert_eq!(findings(&emulated.tools).await, []);
    sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
    assert_kept(&emulated.stores, &sample::key(&ada), &made).await;
    assert_eq!(emulated.objects().await.len(), 1 + made.len() + 1);
}

#[tokio::test]
async fn a_user_whose_object_is_missing_is_found() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let key = sample::key(&ada).to_string();
    emulated.s3.delete_object().bucket(emulated.bucket()).key(key).send().await.unwrap();
    assert_eq!(findings(&emulated.tools).await, [Finding::MissingImage(ada.id)]);
}

#[tokio::test]
async fn a_failing_store_ends_a_walk_without_false_findings() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    emulated.stores.renditions.keep(&sample::key(&ada), &renditions("ada")).await.unwrap();
    let inventory = emulated.tools.inventory.as_ref().unwrap();
    for (stage, call) in [
        (SweepStage::Avatars, "aws.list_objects"),
        (SweepStage::Avatars, "aws.batch_get_item"),
        (SweepStage::Renditions, "aws.batch_get_item"),
        (SweepStage::Users, "aws.scan"),
        (SweepStage::Users, "aws.list_objects"),
    ] {
        emulated.faults.set(&format!("{call}=fail*1")).unwrap();
        let walked = inventory.walk(stage, None, NO_GRACE).await;
        assert!(matches!(walked, Err(Error::Unavailable(_))), "{stage:?} {call}: {walked:?}");
        assert_eq!(inventory.walk(stage, None, NO_GRACE).await.unwrap().findings, [], "{stage:?} {call}");
    }
}

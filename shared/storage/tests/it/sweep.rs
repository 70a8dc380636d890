//! What a sweep finds in a file that another program has changed.

use domain::{Finding, Removal, SweepStage};
use rusqlite::Connection;
use storage::conformance::{
    inventory::{NO_GRACE, findings, remove},
    renditions::{assert_kept, renditions},
    sample,
};

use crate::fixture::{Fixture, open};

fn change(fixture: &Fixture, sql: &str) {
    Connection::open(fixture.file()).unwrap().execute_batch(sql).unwrap();
}

#[tokio::test]
async fn orphans_are_found_and_removed_and_all_else_stays() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let made = renditions("ada");
    fixture.stores.renditions.keep(&sample::key(&ada), &made).await.unwrap();
    change(
        &fixture,
        "INSERT INTO images (id, bytes) VALUES (70, x'00');
         INSERT INTO renditions (id, user, upload, size, format, digest, bytes)
             SELECT 80, user, randomblob(16), size, format, digest, bytes FROM renditions LIMIT 1;
         UPDATE renditions SET upload = x'00000000000070008000000000000000' WHERE id = 80;",
    );
    let found = findings(&fixture.tools).await;
    let expected =
        [Finding::UnreferencedAvatar("70".to_owned()), Finding::UnreferencedRendition("80".to_owned())];
    assert_eq!(found, expected);

    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Removed, Removal::Removed]);
    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Kept, Removal::Kept]);
    assert_eq!(findings(&fixture.tools).await, []);
    sample::assert_stored(&fixture.stores, &ada, &sample::image("image of ada")).await;
    assert_kept(&fixture.stores, &sample::key(&ada), &made).await;
}

#[tokio::test]
async fn a_user_whose_image_is_missing_is_found_and_cannot_be_repaired() {
    let fixture = open().await;
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    change(&fixture, "DELETE FROM images");
    let found = findings(&fixture.tools).await;
    assert_eq!(found, [Finding::MissingImage(ada.id)]);
    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Kept]);
    assert_eq!(findings(&fixture.tools).await, found);
}

#[tokio::test]
async fn a_walk_returns_everything_once_over_many_pages() {
    let folder = tempfile::tempdir().unwrap();
    let options = crate::fixture::options(&folder);
    storage::sqlite::fill(&options.path, 2_500).unwrap();
    let fixture = crate::fixture::open_in(folder, options).await;
    let inventory = fixture.tools.inventory.as_ref().unwrap();
    for (stage, expected) in
        [(SweepStage::Avatars, 2_500), (SweepStage::Renditions, 0), (SweepStage::Users, 2_500)]
    {
        let (mut checked, mut after) = (0, None);
        loop {
            let swept = inventory.walk(stage, after.as_deref(), NO_GRACE).await.unwrap();
            checked += swept.checked;
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(checked, expected, "{stage:?}");
    }
}

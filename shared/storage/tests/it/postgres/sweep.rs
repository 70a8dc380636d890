//! What a sweep finds in a database that another program has changed.

use domain::{Finding, Removal, SweepStage};
use storage::conformance::{
    inventory::{NO_GRACE, findings, remove},
    renditions::{assert_kept, renditions},
    sample,
};

use super::fixture::open;

const UPLOAD: &str = "00000000-0000-7000-8000-000000000000";

#[tokio::test]
async fn orphans_are_found_and_removed_and_all_else_stays() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    let made = renditions("ada");
    fixture.stores.renditions.keep(&sample::key(&ada), &made).await.unwrap();
    fixture.sql(
        r"INSERT INTO images (upload, start, user_id, bytes)
              SELECT '\x00000000000070008000000000000000', 0, id, '\x00' FROM users;
          INSERT INTO renditions (user_id, upload, size, format, digest, bytes)
              SELECT user_id, '\x00000000000070008000000000000000', size, format, digest, bytes FROM renditions
              WHERE size = 64 AND format = 3;",
    );
    let found = findings(&fixture.tools).await;
    let rendition = format!("renditions/{}/{UPLOAD}/64.webp", ada.id);
    let expected =
        [Finding::UnreferencedAvatar(UPLOAD.to_owned()), Finding::UnreferencedRendition(rendition)];
    assert_eq!(found, expected);

    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Removed, Removal::Removed]);
    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Kept, Removal::Kept]);
    assert_eq!(findings(&fixture.tools).await, []);
    sample::assert_stored(&fixture.stores, &ada, &sample::image("image of ada")).await;
    assert_kept(&fixture.stores, &sample::key(&ada), &made).await;
}

#[tokio::test]
async fn a_user_whose_image_is_missing_is_found_and_cannot_be_repaired() {
    let Some(fixture) = open().await else { return };
    let ada = sample::create_sample(&fixture.stores, "ada").await;
    fixture.sql("DELETE FROM images");
    let found = findings(&fixture.tools).await;
    assert_eq!(found, [Finding::MissingImage(ada.id)]);
    assert_eq!(remove(&fixture.tools, &found).await, [Removal::Kept]);
    assert_eq!(findings(&fixture.tools).await, found);
}

#[tokio::test]
async fn a_walk_returns_everything_once_over_many_pages() {
    let Some(fixture) = open().await else { return };
    fixture.sql(
        r"INSERT INTO users (id, name, email, upload, format, digest, version, created_at, updated_at, md5)
              SELECT sha256(n::text::bytea), 'Name', n || '@example.org', overlay(uuid_send(gen_random_uuid()) PLACING '\x70' FROM 7), 2, sha256(''),
                  1, 0, 0, '\x' FROM generate_series(1, 2500) AS n;
          INSERT INTO images SELECT upload, 0, id, '\x00' FROM users;
          INSERT INTO renditions SELECT id, upload, 64, 3, digest, '\x00' FROM users;",
    );
    let inventory = fixture.tools.inventory.as_ref().unwrap();
    for stage in SweepStage::ALL {
        let (mut checked, mut after) = (0, None);
        loop {
            let swept = inventory.walk(stage, after.as_deref(), NO_GRACE).await.unwrap();
            checked += swept.checked;
            after = swept.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(checked, 2_500, "{stage:?}");
    }
}

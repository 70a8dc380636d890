//! Direct uploads: which bytes wait, and for how long.

use bytes::Bytes;
use domain::Error;
use storage::conformance::sample::direct_upload;

use super::fixture::{open, open_at};

#[tokio::test]
async fn bytes_that_were_sent_to_one_process_are_read_by_another() {
    let Some(fixture) = open().await else { return };
    let other = open_at(fixture.server, fixture.url.clone()).await;
    let upload = direct_upload(5);
    fixture.stores.uploads.announce(&upload).await.unwrap();
    for bytes in ["first", "again"] {
        fixture.stores.uploads.keep(&upload.id, Bytes::from_static(bytes.as_bytes())).await.unwrap();
        assert_eq!(other.stores.uploads.read(&upload).await.unwrap().as_deref(), Some(bytes.as_bytes()));
    }
    other.stores.uploads.remove(&upload.id).await.unwrap();
    assert_eq!(fixture.stores.uploads.read(&upload).await.unwrap(), None);
}

#[tokio::test]
async fn bytes_that_wait_are_bounded() {
    let Some(fixture) = open().await else { return };
    let (first, second) = (direct_upload(5), direct_upload(5));
    // As many bytes as may wait, less four: compressed, so that they take little room, and copied as they are.
    fixture.sql(
        "ALTER TABLE direct_uploads ALTER COLUMN bytes SET STORAGE EXTENDED;
         INSERT INTO direct_uploads (id, part, bytes) VALUES
             (1, 'sent', convert_to(repeat('0', 1 << 26), 'UTF8')),
             (2, 'sent', convert_to(repeat('0', (1 << 26) - 4), 'UTF8'));
         INSERT INTO direct_uploads (id, part, bytes)
             SELECT n, part, bytes FROM direct_uploads, generate_series(3, 16) AS n WHERE id = '1';",
    );
    let refused = fixture.stores.uploads.keep(&first.id, Bytes::from_static(b"image")).await;
    assert!(matches!(refused, Err(Error::Throttled)), "{refused:?}");
    assert!(matches!(fixture.stores.uploads.announce(&second).await, Err(Error::Throttled)));
    fixture.sql("DELETE FROM direct_uploads WHERE id = '1'");
    fixture.stores.uploads.keep(&first.id, Bytes::from_static(b"image")).await.unwrap();
}

#[tokio::test]
async fn what_expired_is_removed_when_a_process_starts_and_nothing_else() {
    let Some(fixture) = open().await else { return };
    fixture.sql(
        "INSERT INTO direct_uploads (id, part, bytes, written_at)
             SELECT part || age, part, '', now() - age * interval '1 hour'
             FROM unnest(ARRAY['announced', 'sent', 'claimed']) AS part, unnest(ARRAY[22, 24, 45, 47]) AS age",
    );
    let _other = open_at(fixture.server, fixture.url.clone()).await;
    let left = "SELECT string_agg(id, ' ' ORDER BY id) FROM direct_uploads";
    let expected = "announced22 announced24 announced45 claimed22 claimed24 claimed45 sent22";
    while fixture.sql(left) != expected {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_waits_is_in_no_log_of_the_server() {
    let Some(fixture) = open().await else { return };
    let logged = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relpersistence <> 'p'";
    assert_eq!(fixture.sql(logged), "direct_uploads");
}

//! Direct uploads: which bytes wait, and for how long.

use bytes::Bytes;
use domain::Error;
use postgres_server::Server;
use storage::conformance::sample::direct_upload;

use super::fixture::{boundary, config_with, database, impatient, open, open_at, until};

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
         INSERT INTO direct_uploads (id, part, start, bytes) VALUES
             (1, 'sent', 0, convert_to(repeat('0', 1 << 26), 'UTF8')),
             (2, 'sent', 0, convert_to(repeat('0', (1 << 26) - 4), 'UTF8'));
         INSERT INTO direct_uploads (id, part, start, bytes)
             SELECT n, part, start, bytes FROM direct_uploads, generate_series(3, 16) AS n WHERE id = '1';",
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
        "INSERT INTO direct_uploads (id, part, start, bytes, written_at)
             SELECT part || age, part, 0, '', now() - age * interval '1 hour'
             FROM unnest(ARRAY['announced', 'sent', 'claimed']) AS part, unnest(ARRAY[22, 24, 45, 47]) AS age",
    );
    let _other = open_at(fixture.server, fixture.url.clone()).await;
    let left = "SELECT string_agg(id, ' ' ORDER BY id) FROM direct_uploads";
    let expected = "announced22 announced24 announced45 claimed22 claimed24 claimed45 sent22";
    until("expired uploads stay", async || fixture.sql(left) == expected).await;
}

#[tokio::test]
async fn many_expired_bytes_are_removed_in_several_statements() {
    let Some(fixture) = open().await else { return };
    fixture.sql(
        "INSERT INTO direct_uploads (id, part, start, bytes, written_at)
             SELECT 'old', 'sent', n, '', now() - interval '2 days' FROM generate_series(0, 999) AS n;
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN IF (SELECT count(*) FROM removed) > 64 THEN RAISE EXCEPTION 'too many'; END IF;
             RETURN NULL; END $$;
         CREATE TRIGGER refuse AFTER DELETE ON direct_uploads REFERENCING OLD TABLE AS removed
             FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    );
    let _other = open_at(fixture.server, fixture.url.clone()).await;
    until("expired bytes stay", async || fixture.count("direct_uploads") == 0).await;
}

#[tokio::test]
async fn bytes_that_are_sent_again_are_never_mixed_with_earlier_ones() {
    let Some(fixture) = open().await else { return };
    let uploads = &fixture.stores.uploads;
    let upload = direct_upload(900_000);
    uploads.announce(&upload).await.unwrap();
    for byte in 0..10_u8 {
        let [one, other] = [byte, byte + 100].map(|byte| Bytes::from(vec![byte; upload.bytes]));
        let (kept, again, read) = tokio::join!(
            uploads.keep(&upload.id, one),
            uploads.keep(&upload.id, other),
            uploads.read(&upload)
        );
        kept.and(again).unwrap();
        let found = [read, uploads.read(&upload).await];
        for bytes in found.into_iter().filter_map(|read| match read {
            Ok(bytes) => bytes,
            Err(Error::Throttled) => None,
            Err(other) => panic!("{other}"),
        }) {
            assert!(bytes.iter().all(|found| *found == bytes[0]), "mixed");
        }
    }
    // Fewer bytes leave none of the others.
    uploads.keep(&upload.id, Bytes::from_static(b"short")).await.unwrap();
    assert_eq!(fixture.sql("SELECT sum(length(bytes)) FROM direct_uploads WHERE part = 'sent'"), "5");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_server_loses_what_waits_and_the_announcement() {
    let Some(server) = Server::start() else { return };
    let url = server.database();
    let connection = storage::connect(&config_with(&url, impatient()), boundary()).await.unwrap();
    let uploads = connection.stores.uploads.clone();
    let upload = direct_upload(5);
    uploads.announce(&upload).await.unwrap();
    uploads.keep(&upload.id, Bytes::from_static(b"image")).await.unwrap();
    tokio::task::block_in_place(|| {
        server.kill();
        server.run();
    });
    assert_eq!(server.sql(database(&url), "SELECT count(*) FROM direct_uploads"), "0");
    assert_eq!(uploads.find(&upload.id).await.unwrap(), None);
    assert_eq!(uploads.read(&upload).await.unwrap(), None);
}

#[tokio::test]
async fn what_waits_is_in_no_log_of_the_server() {
    let Some(fixture) = open().await else { return };
    let logged = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class \
                  WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relpersistence <> 'p'";
    assert_eq!(fixture.sql(logged), "direct_uploads");
}

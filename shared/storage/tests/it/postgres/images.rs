//! Images of every size, in pieces.

use bytes::{Bytes, BytesMut};
use domain::{Error, Image, ImageFormat, OpenImage};
use storage::conformance::sample;

use super::fixture::open;

/// Bytes that differ from piece to piece.
fn bytes(length: usize) -> Bytes {
    (0..length).map(|n| u8::try_from(n * 31 / 1000 % 256).unwrap()).collect()
}

#[tokio::test]
async fn no_message_to_or_from_the_server_has_more_than_a_piece_of_an_image() {
    let Some(fixture) = open().await else { return };
    let image = Image::new(ImageFormat::Png, bytes(Image::MAX_BYTES));
    let user = sample::create(&fixture.stores, sample::with_image("ada", image.clone())).await;
    sample::assert_stored(&fixture.stores, &user, &image).await;
    let pieces = "SELECT count(*), max(length(bytes)), sum(length(bytes)) FROM images";
    assert_eq!(fixture.sql(pieces), "128|262144|33554432");

    let opened = fixture.stores.avatars.open(&sample::key(&user)).await.unwrap();
    let OpenImage { length, first, rest: Some(mut rest), .. } = opened else { panic!("it is read whole") };
    let mut read = BytesMut::from(first);
    while read.len() < length {
        // Past the end of the piece too, and across it.
        let piece = rest.read(read.len(), 400_000).await.unwrap();
        assert!(piece.len() <= OpenImage::PIECE_BYTES);
        read.extend_from_slice(&piece);
    }
    assert!(read == image.bytes);

    let replaced = fixture.stores.users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await;
    assert_eq!(fixture.sql(pieces), "1|3|3");
    assert!(matches!(rest.read(400_000, 1).await, Err(Error::NotFound)));
    fixture.stores.users.delete(&replaced.unwrap()).await.unwrap();
    assert_eq!(fixture.counts(), [0, 0, 0]);
}

#[tokio::test]
async fn an_image_whose_piece_is_missing_is_damaged() {
    let Some(fixture) = open().await else { return };
    let image = Image::new(ImageFormat::Png, bytes(3 * OpenImage::PIECE_BYTES));
    let user = sample::create(&fixture.stores, sample::with_image("ada", image)).await;
    let opened = fixture.stores.avatars.open(&sample::key(&user)).await.unwrap();
    fixture.sql("DELETE FROM images WHERE start = 524288");
    let mut rest = opened.rest.expect("more pieces");
    assert!(matches!(rest.read(600_000, 1).await, Err(Error::Damaged(_))));
}

#[tokio::test]
async fn vacuum_follows_deleted_images_and_events_closely() {
    let Some(fixture) = open().await else { return };
    let settings = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' \
                    AND array_to_string(reloptions, ' ') LIKE '%autovacuum_vacuum_scale_factor=0%'";
    assert_eq!(fixture.sql(settings), "direct_uploads events images renditions");
}

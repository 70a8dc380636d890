//! The images behind the keys.

use bytes::Bytes;
use domain::{AvatarKey, Error, Image, ImageFormat, NewAvatar, OpenImage, Stores, UploadId};

use super::sample::{assert_no_image, assert_stored, create, create_sample, key as key_of, time, with_image};

pub async fn the_largest_image_comes_back_byte_for_byte(stores: &Stores) {
    let image = image_of(Image::MAX_BYTES);
    let user = create(stores, with_image("ada", image.clone())).await;
    assert_stored(stores, &user, &image).await;
}

/// A period that no page size divides: a block in the wrong place shows.
fn image_of(bytes: usize) -> Image {
    let bytes: Vec<u8> = (0..=250).cycle().take(bytes).collect();
    Image::new(ImageFormat::Jpeg, Bytes::from(bytes))
}

pub async fn an_open_image_is_read_whole_or_in_pieces(stores: &Stores) {
    const PIECE: usize = OpenImage::PIECE_BYTES;
    for length in [1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 100] {
        let image = image_of(length);
        let user = create(stores, with_image(&format!("user{length}"), image.clone())).await;
        let OpenImage { digest, length, first, rest } =
            stores.avatars.open(&key_of(&user)).await.expect("the image");
        assert_eq!((digest, length), (image.digest, image.bytes.len()));
        // A store that reports no digest reads the image whole to compute it.
        let mut read = first.to_vec();
        let Some(mut rest) = rest else {
            assert_eq!(read, image.bytes);
            continue;
        };
        assert!(length > PIECE, "{length}");
        assert!(!read.is_empty() && read.len() <= PIECE, "{}", read.len());
        while read.len() < length {
            let piece = rest.read(read.len(), PIECE.min(length - read.len())).await.expect("a piece");
            assert!(!piece.is_empty() && piece.len() <= PIECE, "{}", piece.len());
            read.extend(piece);
        }
        assert_eq!(read, image.bytes);
        // From another place, and by single bytes.
        for start in [length - 1, 7, PIECE] {
            let piece = rest.read(start, 1).await.expect("a byte");
            assert_eq!(piece, image.bytes[start..=start], "{start}");
        }
    }
}

pub async fn an_image_that_is_removed_while_it_is_read_is_not_found(stores: &Stores) {
    let user = create(stores, with_image("ada", image_of(2 * OpenImage::PIECE_BYTES))).await;
    let rest = stores.avatars.open(&key_of(&user)).await.expect("the image").rest;
    stores.users.delete(&user).await.expect("deleted");
    if let Some(mut rest) = rest {
        assert!(matches!(rest.read(OpenImage::PIECE_BYTES + 1, 1).await, Err(Error::NotFound)));
    }
    assert!(matches!(stores.avatars.open(&key_of(&user)).await, Err(Error::NotFound)));
}

/// What is read while its user gets one image after the other is the requested image, or nothing.
pub async fn pieces_of_an_image_that_is_replaced_are_never_those_of_another(stores: &Stores) {
    const LENGTH: usize = 2 * OpenImage::PIECE_BYTES;
    let of = |round: u8| Image::new(ImageFormat::Jpeg, Bytes::from(vec![round; LENGTH]));
    let mut user = create(stores, with_image("ada", of(0))).await;
    for round in 1..=30 {
        let opened = stores.avatars.open(&key_of(&user)).await.expect("the image");
        let before = opened.first[0];
        let Some(mut rest) = opened.rest else { return };
        let next = NewAvatar::new(of(round), None);
        let replace = stores.users.replace_avatar(&user, next, time(round.into()));
        let read = async {
            let mut reads = Vec::new();
            for start in (0..LENGTH).step_by(LENGTH / 16) {
                reads.push(rest.read(start, 1).await);
            }
            reads
        };
        let (replaced, reads) = tokio::join!(replace, read);
        for read in reads {
            assert!(matches!(&read, Err(Error::NotFound)) || read.expect("a byte")[0] == before, "{round}");
        }
        user = replaced.expect("replaced");
    }
}

pub async fn every_format_comes_back(stores: &Stores) {
    for format in ImageFormat::ALL {
        let image = Image::new(format, Bytes::from_static(b"\0content\xff"));
        let new = with_image(format.extension(), image.clone());
        let user = create(stores, new).await;
        assert_stored(stores, &user, &image).await;
    }
}

pub async fn an_unknown_key_is_not_found(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let other = create_sample(stores, "bob").await;
    let key = key_of(&user);
    for key in [
        AvatarKey { user: other.id, ..key },
        AvatarKey { upload: UploadId::new(), ..key },
        AvatarKey { format: ImageFormat::Webp, ..key },
    ] {
        assert_no_image(stores, &key).await;
    }
}

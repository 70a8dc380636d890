//! The images behind the keys.

use bytes::Bytes;
use domain::{AvatarKey, Image, ImageFormat, Stores, UploadId};

use super::sample::{assert_no_image, assert_stored, create, create_sample, key as key_of, with_image};

pub async fn the_largest_image_comes_back_byte_for_byte(stores: &Stores) {
    // A period that no page size divides: a block in the wrong place shows.
    let bytes: Vec<u8> = (0..=250).cycle().take(Image::MAX_BYTES).collect();
    let image = Image::new(ImageFormat::Jpeg, Bytes::from(bytes));
    let user = create(stores, with_image("ada", image.clone())).await;
    assert_stored(stores, &user, &image).await;
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

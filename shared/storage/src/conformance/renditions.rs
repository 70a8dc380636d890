//! Renditions of the images. A store does not look into them.

use domain::{AvatarKey, Error, ImageFormat, Rendition, Size, Stores};

use super::sample::{avatar, create_sample, image, key, time};

/// As many as an image may have: each standard size in two formats.
pub fn renditions(content: &str) -> Vec<Rendition> {
    let formats = [ImageFormat::Webp, ImageFormat::Png];
    let made = Size::STANDARD.into_iter().flat_map(|size| {
        formats.map(|format| {
            let content = format!("{content} {} {}", size.pixels(), format.extension());
            Rendition { size, image: domain::Image { format, ..image(&content) } }
        })
    });
    made.collect()
}

/// As many as a new image has.
pub fn eager_renditions(content: &str) -> Vec<Rendition> {
    let is_eager = |one: &Rendition| Size::EAGER.contains(&one.size);
    renditions(content).into_iter().filter(is_eager).collect()
}

/// Each of these renditions can be read, and no other.
pub async fn assert_kept(stores: &Stores, of: &AvatarKey, kept: &[Rendition]) {
    for name in of.renditions() {
        let expected = kept.iter().find(|one| (one.size, one.image.format) == (name.size, name.format));
        match (stores.renditions.read(&name).await, expected) {
            (Ok(image), Some(expected)) => assert_eq!(image, expected.image, "{name}"),
            (Err(Error::NotFound), None) => {}
            (answer, _) => panic!("{name}: {answer:?}"),
        }
    }
}

pub async fn kept_renditions_open(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    assert_kept(stores, &key(&user), &[]).await;
    let made = renditions("ada");
    stores.renditions.keep(&key(&user), &made).await.expect("kept");
    assert_kept(stores, &key(&user), &made).await;
}

pub async fn renditions_kept_twice_are_replaced(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    stores.renditions.keep(&key(&user), &renditions("first")).await.expect("kept");
    let made = renditions("second");
    stores.renditions.keep(&key(&user), &made).await.expect("kept again");
    assert_kept(stores, &key(&user), &made).await;
}

pub async fn no_rendition_is_kept_of_an_image_without_a_user(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let first = key(&user);
    let user = stores.users.replace_avatar(&user, avatar("new"), time(1)).await.expect("replaced");
    let second = key(&user);
    let user = stores.users.remove_avatar(&user, time(2)).await.expect("removed");
    let elsewhere = create_sample(stores, "bob").await;
    stores.users.delete(&elsewhere).await.expect("deleted");
    for gone in [first, second, key(&elsewhere)] {
        let answer = stores.renditions.keep(&gone, &renditions("late")).await;
        assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
        assert_kept(stores, &gone, &[]).await;
    }
    assert_eq!(stores.users.get(&user.id).await.expect("the user"), user);
}

pub async fn renditions_are_removed_with_their_image(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let first = key(&user);
    stores.renditions.keep(&first, &renditions("first")).await.expect("kept");
    let user = stores.users.replace_avatar(&user, avatar("new"), time(1)).await.expect("replaced");
    assert_kept(stores, &first, &[]).await;

    let second = key(&user);
    stores.renditions.keep(&second, &renditions("second")).await.expect("kept");
    let user = stores.users.remove_avatar(&user, time(2)).await.expect("removed");
    assert_kept(stores, &second, &[]).await;

    let user = stores.users.replace_avatar(&user, avatar("newer"), time(3)).await.expect("replaced");
    let third = key(&user);
    stores.renditions.keep(&third, &renditions("third")).await.expect("kept");
    stores.users.delete(&user).await.expect("deleted");
    assert_kept(stores, &third, &[]).await;
}

pub async fn keeping_and_deleting_at_once_leaves_nothing(stores: &Stores) {
    for round in 0..8 {
        let user = create_sample(stores, &format!("user{round}")).await;
        let made = renditions("racing");
        let of = key(&user);
        let (kept, deleted) = tokio::join!(stores.renditions.keep(&of, &made), stores.users.delete(&user));
        deleted.expect("deleted");
        assert!(matches!(kept, Ok(()) | Err(Error::NotFound)), "{kept:?}");
        assert_kept(stores, &of, &[]).await;
    }
}

pub async fn an_upload_is_read_as_it_was_kept(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let upload = stores.avatars.read_upload(&key(&user)).await.expect("the upload");
    assert_eq!(upload.image, image("image of ada"));
    stores.users.delete(&user).await.expect("deleted");
    assert!(matches!(stores.avatars.read_upload(&key(&user)).await, Err(Error::NotFound)));
}

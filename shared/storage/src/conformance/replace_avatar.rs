//! Another image.

use domain::{Avatar, AvatarKey, Error, Image, ImageFormat, Stores, UploadId, User, Version};
use tokio::task::JoinSet;

use super::sample::{assert_gone, assert_no_image, assert_stands, create_sample, image, name, time};

pub async fn a_replaced_image_opens_and_the_one_before_is_gone(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let (upload, new) = (UploadId::new(), Image { format: ImageFormat::Webp, ..image("new") });

    let answer = stores.users.replace_avatar(&user, upload, new.clone(), time(5)).await.expect("replaced");

    let key = AvatarKey { user: user.id, upload, format: ImageFormat::Webp };
    let avatar = Avatar { key, digest: new.digest };
    let before = user.avatar.key;
    assert_eq!(answer, User { avatar, version: Version(2), updated_at: time(5), ..user });
    assert_stands(stores, &answer, &new).await;
    assert_no_image(stores, &before).await;
}

pub async fn a_stale_replacement_changes_nothing(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let user = stores.users.rename(&read, name("Countess"), time(1)).await.expect("renamed");
    let upload = UploadId::new();

    let answer = stores.users.replace_avatar(&read, upload, image("new"), time(2)).await;

    assert!(matches!(answer, Err(Error::Stale)));
    assert_stands(stores, &user, &image("image of ada")).await;
    assert_no_image(stores, &AvatarKey { upload, ..read.avatar.key }).await;
}

pub async fn of_racing_replacements_one_wins(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let mut calls = JoinSet::new();
    for n in 0..8 {
        let (users, read, image) = (stores.users.clone(), read.clone(), image(&format!("image {n}")));
        calls.spawn(async move {
            (users.replace_avatar(&read, UploadId::new(), image.clone(), time(n)).await, image)
        });
    }
    let mut winner = None;
    for (answer, image) in calls.join_all().await {
        match answer {
            Ok(user) => assert!(winner.replace((user, image)).is_none(), "two won"),
            Err(error) => assert!(matches!(error, Error::Stale), "{error:?}"),
        }
    }
    let (user, image) = winner.expect("one wins");
    assert_stands(stores, &user, &image).await;
    assert_no_image(stores, &read.avatar.key).await;
}

pub async fn a_gone_user_gets_no_image(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    stores.users.delete(&user).await.expect("deleted");
    let upload = UploadId::new();
    let answer = stores.users.replace_avatar(&user, upload, image("new"), time(1)).await;
    assert!(matches!(answer, Err(Error::NotFound)));
    assert_gone(stores, &user).await;
    assert_no_image(stores, &AvatarKey { upload, ..user.avatar.key }).await;
}

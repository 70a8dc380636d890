//! Replacing the image of a user.

use domain::{Error, Image, ImageFormat, NewAvatar, Stores, User, Version};
use tokio::task::JoinSet;

use super::sample::{
    assert_gone, assert_no_image, assert_stored, avatar, create_sample, image, key, name, time,
};

pub async fn a_replaced_image_opens_and_the_one_before_is_gone(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let new = NewAvatar::new(Image { format: ImageFormat::Webp, ..image("new") }, None);

    let answer = stores.users.replace_avatar(&user, new.clone(), time(5)).await.expect("replaced");

    let (_, avatar) = new.for_user(user.id);
    let before = key(&user);
    assert_eq!(answer, User { avatar, version: Version(2), updated_at: time(5), ..user });
    assert_stored(stores, &answer, &new.image).await;
    assert_no_image(stores, &before).await;
}

pub async fn a_stale_replacement_changes_nothing(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let user = stores.users.rename(&read, name("Countess"), time(1)).await.expect("renamed");
    let new = avatar("new");

    let answer = stores.users.replace_avatar(&read, new.clone(), time(2)).await;

    assert!(matches!(answer, Err(Error::Stale)));
    assert_stored(stores, &user, &image("image of ada")).await;
    assert_no_image(stores, &new.for_user(read.id).0).await;
}

pub async fn one_of_racing_replacements_wins(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let mut calls = JoinSet::new();
    for n in 0..8 {
        let (users, read, new) = (stores.users.clone(), read.clone(), avatar(&format!("image {n}")));
        calls.spawn(async move { (users.replace_avatar(&read, new.clone(), time(n)).await, new.image) });
    }
    let mut winner = None;
    for (answer, image) in calls.join_all().await {
        match answer {
            Ok(user) => assert!(winner.replace((user, image)).is_none(), "two won"),
            Err(error) => assert!(matches!(error, Error::Stale), "{error:?}"),
        }
    }
    let (user, image) = winner.expect("one wins");
    assert_stored(stores, &user, &image).await;
    assert_no_image(stores, &key(&read)).await;
}

pub async fn a_deleted_user_gets_no_image(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    stores.users.delete(&user).await.expect("deleted");
    let new = avatar("new");
    let answer = stores.users.replace_avatar(&user, new.clone(), time(1)).await;
    assert!(matches!(answer, Err(Error::NotFound)));
    assert_gone(stores, &user).await;
    assert_no_image(stores, &new.for_user(user.id).0).await;
}

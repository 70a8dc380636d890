//! Deleting a user.

use domain::{Error, Stores};

use super::sample::{assert_gone, assert_no_image, assert_stored, create_sample, image, key, name, time};

pub async fn a_deleted_user_is_gone_with_its_image(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let other = create_sample(stores, "bob").await;
    stores.users.delete(&user).await.expect("deleted");
    assert_gone(stores, &user).await;
    assert_stored(stores, &other, &image("image of bob")).await;
}

pub async fn a_stale_delete_changes_nothing(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let user = stores.users.rename(&read, name("Countess"), time(1)).await.expect("renamed");
    assert!(matches!(stores.users.delete(&read).await, Err(Error::Stale)));
    assert_stored(stores, &user, &image("image of ada")).await;
}

pub async fn a_second_delete_finds_nothing(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    stores.users.delete(&user).await.expect("deleted");
    assert!(matches!(stores.users.delete(&user).await, Err(Error::NotFound)));
}

pub async fn a_deleted_email_can_be_used_again(stores: &Stores) {
    let first = create_sample(stores, "ada").await;
    stores.users.delete(&first).await.expect("deleted");
    let second = create_sample(stores, "ada").await;
    assert_stored(stores, &second, &image("image of ada")).await;
    assert_no_image(stores, &key(&first)).await;
}

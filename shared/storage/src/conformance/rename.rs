//! Renaming a user.

use domain::{Error, NewUser, Stores, User, Version};
use tokio::task::JoinSet;

use super::sample::{assert_gone, assert_stored, avatar, create, create_sample, image, name, new_user, time};

pub async fn a_renamed_user_has_the_new_name_and_the_same_image(stores: &Stores) {
    let user = create_sample(stores, "ada").await;

    let renamed = stores.users.rename(&user, name("Countess"), time(5)).await.expect("renamed");

    let expected = User { name: name("Countess"), version: Version(2), updated_at: time(5), ..user };
    assert_eq!(renamed, expected);
    assert_stored(stores, &renamed, &image("image of ada")).await;
}

pub async fn a_stale_rename_changes_nothing(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let user = stores.users.replace_avatar(&read, avatar("new"), time(1)).await.expect("replaced");
    assert!(matches!(stores.users.rename(&read, name("Other"), time(2)).await, Err(Error::Stale)));
    assert_stored(stores, &user, &image("new")).await;
}

pub async fn one_of_racing_renames_wins(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let mut calls = JoinSet::new();
    for n in 0..8 {
        let (users, read) = (stores.users.clone(), read.clone());
        calls.spawn(async move { users.rename(&read, name(&format!("Name {n}")), time(n)).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = calls.join_all().await.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    assert!(lost.iter().all(|answer| matches!(answer, Err(Error::Stale))));
    let user = won.into_iter().flatten().next().expect("one wins");
    assert_stored(stores, &user, &image("image of ada")).await;
}

pub async fn a_deleted_user_is_not_renamed(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    stores.users.delete(&user).await.expect("deleted");
    assert!(matches!(stores.users.rename(&user, name("Other"), time(1)).await, Err(Error::NotFound)));
    assert_gone(stores, &user).await;
}

pub async fn a_recreated_user_is_not_the_one_that_was_read(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    stores.users.delete(&read).await.expect("deleted");
    let user = create(stores, NewUser { avatar: avatar("second"), ..new_user("ada") }).await;
    assert_eq!((user.id, user.version), (read.id, read.version));

    assert!(matches!(stores.users.rename(&read, name("Other"), time(1)).await, Err(Error::Stale)));
    let replaced = stores.users.replace_avatar(&read, avatar("third"), time(1)).await;
    assert!(matches!(replaced, Err(Error::Stale)));
    assert!(matches!(stores.users.delete(&read).await, Err(Error::Stale)));

    assert_stored(stores, &user, &image("second")).await;
}

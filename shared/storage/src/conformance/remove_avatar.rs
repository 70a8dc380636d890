//! Users without an image.

use domain::{Avatar, Error, ListedAvatar, Stores, User, Version};

use super::sample::{
    assert_gone, assert_no_image, assert_stored, avatar, create_sample, image, key, name, time,
};

async fn without_image(stores: &Stores, who: &str) -> User {
    let user = create_sample(stores, who).await;
    stores.users.remove_avatar(&user, time(1)).await.expect("removed")
}

pub async fn a_removed_image_is_gone_and_the_user_stays(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let before = key(&user);
    let answer = stores.users.remove_avatar(&user, time(5)).await.expect("removed");
    assert_eq!(answer, User { avatar: Avatar::Generated, version: Version(2), updated_at: time(5), ..user });
    assert_eq!(stores.users.get(&answer.id).await.expect("the user"), answer);
    assert_no_image(stores, &before).await;
}

pub async fn a_user_without_an_image_is_listed_and_found(stores: &Stores) {
    let user = without_image(stores, "ada").await;
    let page = stores.users.list(None, 10).await.expect("a page");
    let avatars: Vec<_> = page.users().map(|listed| listed.avatar).collect();
    assert!(avatars == [ListedAvatar::Generated(user.id)], "another image");
    assert_eq!(
        stores.users.find(&domain::EmailHash::Md5(domain::Md5::of(&user.email))).await.expect("the user"),
        user
    );
}

pub async fn a_user_without_an_image_is_renamed_and_given_another(stores: &Stores) {
    let user = without_image(stores, "ada").await;
    let renamed = stores.users.rename(&user, name("Countess"), time(2)).await.expect("renamed");
    assert_eq!((renamed.version, &renamed.avatar), (Version(3), &Avatar::Generated));
    let again = stores.users.remove_avatar(&renamed, time(3)).await.expect("none to remove");
    let given = stores.users.replace_avatar(&again, avatar("new"), time(4)).await.expect("replaced");
    assert_stored(stores, &given, &image("new")).await;
}

pub async fn a_user_without_an_image_is_deleted(stores: &Stores) {
    let user = without_image(stores, "ada").await;
    stores.users.delete(&user).await.expect("deleted");
    assert!(matches!(stores.users.get(&user.id).await, Err(Error::NotFound)));
    let made_again = create_sample(stores, "ada").await;
    assert_stored(stores, &made_again, &image("image of ada")).await;
}

pub async fn a_stale_removal_changes_nothing(stores: &Stores) {
    let read = create_sample(stores, "ada").await;
    let user = stores.users.rename(&read, name("Countess"), time(1)).await.expect("renamed");
    assert!(matches!(stores.users.remove_avatar(&read, time(2)).await, Err(Error::Stale)));
    assert_stored(stores, &user, &image("image of ada")).await;
    stores.users.delete(&user).await.expect("deleted");
    assert!(matches!(stores.users.remove_avatar(&user, time(2)).await, Err(Error::NotFound)));
    assert_gone(stores, &user).await;
}

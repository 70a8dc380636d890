//! Creating a user.

use domain::{AvatarKey, Created, Error, NewUser, Stores, UserId, Version};
use tokio::task::JoinSet;

use super::sample::{
    assert_gone, assert_no_image, assert_stored, avatar, create, create_sample, email, image, key as key_of,
    name, new_user, time, with_email,
};

pub async fn a_new_user_is_shown_with_its_image(stores: &Stores) {
    let new = new_user("ada");
    assert_gone(stores, &new.user()).await;

    let user = create(stores, new.clone()).await;

    assert_eq!(user, new.user());
    assert_eq!((user.id, user.version), (UserId::of(&new.email), Version::FIRST));
    assert_stored(stores, &user, &new.avatar.image).await;
}

pub async fn a_name_and_an_email_are_kept_as_they_were_given(stores: &Stores) {
    for (n, text) in
        ["Ada Lovelace", "Łukasz 李 العربية", "👩🏽‍🚀 O'Neil; DROP", "e\u{301} \u{200d}"].into_iter().enumerate()
    {
        let address = email(&format!("Ünï.Code+{n}@Example.ORG"));
        let user = create(stores, NewUser { name: name(text), ..with_email("any", address.clone()) }).await;
        let read = stores.users.get(&user.id).await.expect("the user");
        assert_eq!((read.name.as_str(), read.email.as_str()), (text, address.as_str()));
    }
}

pub async fn an_email_is_compared_in_lower_case(stores: &Stores) {
    create(stores, with_email("ada", email("Ada@Example.org"))).await;
    let again = with_email("ada", email("aDA@eXAMPLE.oRG"));
    assert!(matches!(stores.users.create(again).await, Err(Error::EmailTaken)));
}

pub async fn times_are_kept_to_the_millisecond(stores: &Stores) {
    let user = create(stores, NewUser { created_at: time(0), ..new_user("ada") }).await;
    assert_eq!((user.created_at, user.updated_at), (time(0), time(0)));
    assert_eq!(stores.users.get(&user.id).await.expect("the user"), user);
    let later = stores.users.rename(&user, name("Ada"), time(1)).await.expect("renamed");
    assert_eq!((later.created_at, later.updated_at), (time(0), time(1)));
}

pub async fn a_taken_email_leaves_the_first_user_and_its_image(stores: &Stores) {
    let first = new_user("ada");
    let user = create(stores, first.clone()).await;
    let second = NewUser { name: name("Other"), avatar: avatar("other"), ..new_user("ada") };
    let key = key_of(&second.user());

    assert!(matches!(stores.users.create(second).await, Err(Error::EmailTaken)));

    assert_stored(stores, &user, &first.avatar.image).await;
    assert_no_image(stores, &key).await;
}

pub async fn one_of_racing_creates_wins_and_its_image_is_kept(stores: &Stores) {
    for round in 0..5 {
        let mut calls = JoinSet::new();
        let mut keys = Vec::new();
        for call in 0..8 {
            let content = format!("image of call {call}");
            let new = NewUser { avatar: avatar(&content), ..new_user(&format!("ada{round}")) };
            keys.push(key_of(&new.user()));
            let users = stores.users.clone();
            calls.spawn(async move { (users.create(new).await, content) });
        }
        let mut winner = None;
        while let Some(call) = calls.join_next().await {
            match call.expect("no panic") {
                (Ok(Created::Now(user)), content) => {
                    assert!(winner.replace((user, content)).is_none(), "two won");
                }
                (Err(Error::EmailTaken), _) => {}
                (other, _) => panic!("{other:?}"),
            }
        }
        let (user, content) = winner.expect("one wins");
        assert_stored(stores, &user, &image(&content)).await;
        let losers = |key: &&AvatarKey| **key != key_of(&user);
        for key in keys.iter().filter(losers) {
            assert_no_image(stores, key).await;
        }
    }
}

pub async fn a_hundred_concurrent_creates_all_succeed(stores: &Stores) {
    let mut calls = JoinSet::new();
    for n in 0..100 {
        let stores = stores.clone();
        calls.spawn(async move { create_sample(&stores, &format!("user{n}")).await });
    }
    for user in calls.join_all().await {
        let who = user.email.as_str().trim_end_matches("@example.org");
        assert_stored(stores, &user, &image(&format!("image of {who}"))).await;
    }
}

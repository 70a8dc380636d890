//! Pages of users.

use std::collections::BTreeMap;

use domain::{Email, ListedAvatar, ListedUser, Stores, User, UserId};

use super::sample::{create_sample, image, key, name, time};

async fn create_many(stores: &Stores, prefix: &str, count: usize) -> Vec<User> {
    let mut users = Vec::new();
    for n in 0..count {
        users.push(create_sample(stores, &format!("{prefix}{n}")).await);
    }
    users
}

/// How many times a walk with pages of `limit` met each user; `between` runs after each page.
async fn walk(stores: &Stores, limit: usize, mut between: impl AsyncFnMut()) -> BTreeMap<UserId, usize> {
    let mut met = BTreeMap::new();
    let mut after = None;
    // More pages than any of these walks has users: past that it loops.
    for _ in 0..1000 {
        let page = stores.users.list(after, limit).await.expect("a page");
        assert!(page.users().len() <= limit);
        for user in page.users() {
            let email = Email::parse(user.email).expect("an address");
            *met.entry(UserId::of(&email)).or_default() += 1;
        }
        let Some(next) = page.next else { return met };
        after = Some(next);
        between().await;
    }
    panic!("the walk has no end")
}

pub async fn an_empty_store_lists_nothing(stores: &Stores) {
    let page = stores.users.list(None, 10).await.expect("a page");
    assert!(page.users().len() == 0 && page.next.is_none());
}

pub async fn a_listed_user_has_an_image_that_opens(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let user = stores.users.rename(&user, name("Countess"), time(1)).await.expect("renamed");

    let page = stores.users.list(None, 10).await.expect("a page");

    let expected = ListedUser {
        name: user.name.as_str(),
        email: user.email.as_str(),
        avatar: ListedAvatar::Kept(key(&user)),
    };
    assert!(page.users().eq([expected]));
    let opened = stores.avatars.read(&key(&user)).await.expect("the image");
    assert_eq!(opened, image("image of ada"));
}

pub async fn a_page_has_at_most_as_many_users_as_asked_for(stores: &Stores) {
    create_many(stores, "user", 5).await;
    for limit in 1..=4 {
        let page = stores.users.list(None, limit).await.expect("a page");
        assert!((1..=limit).contains(&page.users().len()));
        assert!(page.next.is_some(), "there is more");
    }
    assert_eq!(walk(stores, 1000, async || {}).await.len(), 5);
}

pub async fn a_walk_returns_every_user_once(stores: &Stores) {
    let users = create_many(stores, "user", 23).await;
    let expected: BTreeMap<_, _> = users.iter().map(|user| (user.id, 1)).collect();
    for limit in [1, 2, 7, 22, 23, 24, 1000] {
        assert_eq!(walk(stores, limit, async || {}).await, expected, "pages of {limit}");
    }
}

pub async fn a_walk_returns_lasting_users_once_while_others_come_and_go(stores: &Stores) {
    let staying = create_many(stores, "staying", 20).await;
    let mut leaving = create_many(stores, "leaving", 20).await;
    let mut round = 0;
    let met = walk(stores, 3, async || {
        if let Some(user) = leaving.pop() {
            stores.users.delete(&user).await.expect("deleted");
        }
        // Bounded, or a walk might never end.
        if round < 20 {
            create_sample(stores, &format!("coming{round}")).await;
        }
        round += 1;
    })
    .await;
    assert!(met.values().all(|times| *times == 1), "someone was met twice");
    assert!(staying.iter().all(|user| met.contains_key(&user.id)), "someone was not met");
}

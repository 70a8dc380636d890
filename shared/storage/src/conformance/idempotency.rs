//! A create that is repeated.

use domain::{Created, Error, NewUser, Stores, User};
use tokio::task::JoinSet;

use super::sample::{
    assert_no_image, assert_stored, avatar, create, idempotency, key as key_of, name, new_user, time,
};

fn request(key: &str, payload: &str) -> NewUser {
    NewUser { idempotency: idempotency(key, payload), ..new_user("ada") }
}

async fn again(stores: &Stores, new: NewUser) -> User {
    match stores.users.create(new).await.expect("the same request") {
        Created::Before(user) => user,
        Created::Now(_) => panic!("created twice"),
    }
}

pub async fn the_same_request_again_returns_the_user(stores: &Stores) {
    let first = request("key", "payload");
    let user = create(stores, first.clone()).await;
    let second = request("key", "payload");
    let key = key_of(&second.user());

    assert_eq!(again(stores, second).await, user);

    assert_stored(stores, &user, &first.avatar.image).await;
    assert_no_image(stores, &key).await;
}

pub async fn the_same_request_again_returns_the_user_as_it_is_now(stores: &Stores) {
    let user = create(stores, request("key", "payload")).await;
    let user = stores.users.rename(&user, name("Countess"), time(1)).await.expect("renamed");
    assert_eq!(again(stores, request("key", "payload")).await, user);

    let replaced = stores.users.replace_avatar(&user, avatar("new"), time(2)).await.expect("replaced");
    assert_eq!(again(stores, request("key", "payload")).await, replaced);
}

pub async fn the_same_key_with_another_payload_is_refused(stores: &Stores) {
    let first = request("key", "payload");
    let user = create(stores, first.clone()).await;
    let other = request("key", "other");
    assert!(matches!(stores.users.create(other).await, Err(Error::IdempotencyKeyReused)));
    assert_stored(stores, &user, &first.avatar.image).await;
}

pub async fn another_key_or_none_finds_the_email_taken(stores: &Stores) {
    create(stores, request("key", "payload")).await;
    for new in [request("Key", "payload"), new_user("ada")] {
        assert!(matches!(stores.users.create(new).await, Err(Error::EmailTaken)));
    }
    create(stores, new_user("bob")).await;
    let keyed = NewUser { idempotency: idempotency("key", "payload"), ..new_user("bob") };
    assert!(matches!(stores.users.create(keyed).await, Err(Error::EmailTaken)));
}

pub async fn one_of_racing_equal_requests_creates_and_the_others_return_its_user(stores: &Stores) {
    let mut calls = JoinSet::new();
    for _ in 0..8 {
        let users = stores.users.clone();
        calls.spawn(async move { users.create(request("key", "payload")).await.expect("the same request") });
    }
    let answers = calls.join_all().await;
    let created = answers.iter().filter(|answer| matches!(answer, Created::Now(_))).count();
    assert_eq!(created, 1);
    let (Created::Now(user) | Created::Before(user)) = &answers[0];
    for answer in &answers {
        let (Created::Now(other) | Created::Before(other)) = answer;
        assert_eq!(other, user);
    }
}

pub async fn a_deleted_user_frees_its_key(stores: &Stores) {
    let user = create(stores, request("key", "payload")).await;
    stores.users.delete(&user).await.expect("deleted");
    let made_again = request("key", "other");
    let user = create(stores, made_again.clone()).await;
    assert_stored(stores, &user, &made_again.avatar.image).await;
}

pub async fn what_a_create_would_answer_is_known_before_it(stores: &Stores) {
    let first = request("key", "payload");
    let address = first.email.clone();
    assert_eq!(stores.users.created(&address, first.idempotency.as_ref()).await.expect("an answer"), None);
    let user = create(stores, first.clone()).await;

    let created = stores.users.created(&address, first.idempotency.as_ref()).await.expect("the same request");
    assert_eq!(created, Some(user));
    let other_payload = stores.users.created(&address, idempotency("key", "other").as_ref()).await;
    assert!(matches!(other_payload, Err(Error::IdempotencyKeyReused)), "{other_payload:?}");
    for other in [None, idempotency("Key", "payload")] {
        let taken = stores.users.created(&address, other.as_ref()).await;
        assert!(matches!(taken, Err(Error::EmailTaken)), "{taken:?}");
    }
}

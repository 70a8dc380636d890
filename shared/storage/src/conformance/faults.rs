//! The same store with faults injected at its ports.

use domain::{Created, Error, NewUser, Stores};

use super::sample::{
    assert_gone, assert_stored, avatar, create, create_sample, idempotency, image, key, name, new_user, time,
};
use crate::{adapter::Tools, boundary::Boundary, faults::Faults};

/// The stores behind a boundary whose guard has passed, with these faults from now on.
async fn faulty(stores: &Stores, rules: &str) -> (Stores, Faults) {
    let faults = Faults::default();
    let expected = stores.health.check().await.expect("healthy");
    let boundary = Boundary { expected, faults: faults.clone(), observer: None };
    let (stores, _, guard) = boundary.around(stores.clone(), Tools::default());
    guard.pass().await.expect("the store's own environment");
    faults.set(rules).expect("rules");
    (stores, faults)
}

pub async fn a_store_without_rules_is_unaffected(stores: &Stores) {
    let (stores, _) = faulty(stores, "").await;
    let user = create_sample(&stores, "ada").await;
    assert_stored(&stores, &user, &image("image of ada")).await;
    stores.health.check().await.expect("healthy");
    stores.users.delete(&user).await.expect("deleted");
    assert_gone(&stores, &user).await;
}

pub async fn an_unavailable_store_reports_it_and_recovers(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let (stores, faults) =
        faulty(stores, "users.get=unavailable,avatars.read=throttled,health.check=unavailable").await;

    assert!(matches!(stores.users.get(&user.id).await, Err(Error::Unavailable(_))));
    assert!(matches!(stores.avatars.read(&key(&user)).await, Err(Error::Throttled)));
    assert!(matches!(stores.health.check().await, Err(Error::Unavailable(_))));

    faults.clear();
    assert_stored(&stores, &user, &image("image of ada")).await;
    stores.health.check().await.expect("healthy");
}

pub async fn a_failure_before_a_write_changes_nothing(stores: &Stores) {
    let user = create_sample(stores, "ada").await;
    let rules =
        "users.create=throttled,users.rename=throttled,users.replace_avatar=throttled,users.delete=throttled";
    let (failing, _) = faulty(stores, rules).await;

    let bob = new_user("bob");
    assert!(matches!(failing.users.create(bob.clone()).await, Err(Error::Throttled)));
    assert!(matches!(failing.users.rename(&user, name("Other"), time(1)).await, Err(Error::Throttled)));
    let replaced = failing.users.replace_avatar(&user, avatar("new"), time(1)).await;
    assert!(matches!(replaced, Err(Error::Throttled)));
    assert!(matches!(failing.users.delete(&user).await, Err(Error::Throttled)));

    assert_stored(stores, &user, &image("image of ada")).await;
    assert_gone(stores, &bob.user()).await;
}

pub async fn a_lost_answer_is_found_again_by_its_idempotency_key(stores: &Stores) {
    let (failing, _) = faulty(stores, "users.create=unavailable*1@after").await;
    let new = NewUser { idempotency: idempotency("key", "payload"), ..new_user("ada") };

    assert!(matches!(failing.users.create(new.clone()).await, Err(Error::Unavailable(_))));

    let again = NewUser { avatar: avatar("image of ada"), ..new.clone() };
    let Created::Before(user) = failing.users.create(again).await.expect("the same request") else {
        panic!("created twice");
    };
    assert_stored(stores, &user, &new.avatar.image).await;
}

pub async fn a_slow_store_answers(stores: &Stores) {
    let (slow, _) = faulty(stores, "users.create=slow:1ms,users.get=slow:1ms@after").await;
    let user = create(&slow, new_user("ada")).await;
    assert_stored(&slow, &user, &image("image of ada")).await;
}

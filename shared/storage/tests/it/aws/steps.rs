//! Each call of each write fails once, before it happens and after it; and its task panics there.

use domain::{Avatar, Error, NewAvatar, NewUser, Stores, User};
use storage::conformance::{
    renditions::{assert_kept, renditions},
    sample,
};

use super::emulator::{Emulated, open};

/// What a call does at a step: it fails, its response is lost, or its task panics before it or after it.
const FATES: [&str; 4] = ["fail*1", "fail*1@after", "panic*1", "panic*1@after"];

/// Runs `write` on a user called ada with each fate of each of these calls. However it ends, it is whole or
/// not done; every user has its image, and at most one object is orphaned.
async fn fail_each(
    calls: &[&str],
    write: impl AsyncFn(&Stores, &User) -> Result<(), Error>,
    check: impl AsyncFn(&Emulated, &User),
) {
    for call in calls {
        for fate in FATES {
            let emulated = open().await;
            let user = sample::create_sample(&emulated.stores, "ada").await;
            emulated.faults.set(&format!("{call}={fate}")).unwrap();
            let answer = write(&emulated.stores, &user).await;
            assert!(matches!(answer, Err(Error::Unavailable(_))), "{call}={fate}: {answer:?}");
            check(&emulated, &user).await;
            let (images, objects) = (images(&emulated).await, emulated.objects().await);
            assert!(
                (images..=images + 1).contains(&objects.len()),
                "{call}={fate}: {images} images, {objects:?}"
            );
            // The next call works.
            sample::create_sample(&emulated.stores, "next").await;
        }
    }
}

/// How many users have an image; each image can be read.
async fn images(emulated: &Emulated) -> usize {
    let scanned = emulated.dynamodb.scan().table_name(&emulated.options.users_table).send().await.unwrap();
    let keys = scanned.items().iter().filter_map(|item| item.get("avatar_key")?.as_s().ok());
    let keys: Vec<_> = keys.collect();
    for key in &keys {
        let key = key.parse().unwrap();
        emulated.stores.avatars.read(&key).await.unwrap_or_else(|error| panic!("{key}: {error:?}"));
    }
    keys.len()
}

#[tokio::test]
async fn a_failed_create_leaves_no_user_without_an_image() {
    let new = sample::new_user("bob");
    fail_each(
        &["aws.put_object", "aws.put_item"],
        async |stores, _| stores.users.create(sample::new_user("bob")).await.map(drop),
        async |emulated, _| match emulated.stores.users.get(&new.user().id).await {
            Ok(user) => sample::assert_stored(&emulated.stores, &user, &new.avatar.image).await,
            Err(error) => assert!(matches!(error, Error::NotFound), "{error:?}"),
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_replacement_leaves_the_old_image_or_the_new() {
    fail_each(
        &["aws.put_object", "aws.update_item", "aws.delete_objects"],
        async |stores, user| {
            stores.users.replace_avatar(user, sample::avatar("new"), sample::time(1)).await.map(drop)
        },
        async |emulated, user| {
            let now = emulated.stores.users.get(&user.id).await.unwrap();
            let image = if now == *user { "image of ada" } else { "new" };
            sample::assert_stored(&emulated.stores, &now, &sample::image(image)).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_delete_leaves_the_user_whole_or_gone() {
    fail_each(
        &["aws.delete_item", "aws.delete_objects"],
        async |stores, user| stores.users.delete(user).await,
        async |emulated, user| match emulated.stores.users.get(&user.id).await {
            Ok(now) => sample::assert_stored(&emulated.stores, &now, &sample::image("image of ada")).await,
            Err(error) => assert!(matches!(error, Error::NotFound), "{error:?}"),
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_rename_leaves_the_old_name_or_the_new() {
    fail_each(
        &["aws.update_item"],
        async |stores, user| stores.users.rename(user, sample::name("New"), sample::time(1)).await.map(drop),
        async |emulated, user| {
            let now = emulated.stores.users.get(&user.id).await.unwrap();
            assert!([user.name.as_str(), "New"].contains(&now.name.as_str()));
            sample::assert_stored(&emulated.stores, &now, &sample::image("image of ada")).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_removal_leaves_the_image_or_none() {
    fail_each(
        &["aws.update_item", "aws.delete_objects"],
        async |stores, user| stores.users.remove_avatar(user, sample::time(1)).await.map(drop),
        async |emulated, user| {
            let now = emulated.stores.users.get(&user.id).await.unwrap();
            if now == *user {
                sample::assert_stored(&emulated.stores, &now, &sample::image("image of ada")).await;
            } else {
                assert_eq!(now.avatar, Avatar::Generated);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn renditions_of_which_some_failed_are_kept_by_a_retry() {
    for call in ["aws.put_object", "aws.get_item"] {
        for fate in FATES {
            let emulated = open().await;
            let of = sample::key(&sample::create_sample(&emulated.stores, "ada").await);
            emulated.faults.set(&format!("{call}={fate}")).unwrap();
            let made = renditions("ada");
            let answer = emulated.stores.renditions.keep(&of, &made).await;
            assert!(matches!(answer, Err(Error::Unavailable(_))), "{call}={fate}: {answer:?}");
            emulated.stores.renditions.keep(&of, &made).await.unwrap();
            assert_kept(&emulated.stores, &of, &made).await;
        }
    }
}

#[tokio::test]
async fn renditions_that_come_after_their_image_is_gone_leave_no_object() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    emulated.stores.users.delete(&user).await.unwrap();
    // Even where removing them fails at first.
    emulated.faults.set("aws.delete_objects=fail*1").unwrap();
    let (of, made) = (sample::key(&user), renditions("late"));
    let keep = || emulated.stores.renditions.keep(&of, &made);
    assert!(matches!(keep().await, Err(Error::Unavailable(_))));
    assert_eq!(emulated.objects().await.len(), 8);
    assert!(matches!(keep().await, Err(Error::NotFound)));
    assert_eq!(emulated.objects().await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_loser_removes_its_own_object_and_no_other() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let users = &emulated.stores.users;
    assert!(matches!(users.create(sample::new_user("ada")).await, Err(Error::EmailTaken)));
    users.rename(&user, sample::name("Countess"), sample::time(1)).await.unwrap();
    let stale = users.replace_avatar(&user, sample::avatar("new"), sample::time(2)).await;
    assert!(matches!(stale, Err(Error::Stale)));
    assert_eq!(emulated.objects().await, [sample::key(&user).to_string()]);
}

#[tokio::test]
async fn a_loser_that_cannot_remove_its_object_still_gets_email_taken() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    emulated.faults.set("aws.delete_objects=fail").unwrap();
    let lost = emulated.stores.users.create(sample::new_user("ada")).await;
    assert!(matches!(lost, Err(Error::EmailTaken)), "{lost:?}");
}

#[tokio::test]
async fn an_object_that_cannot_be_removed_outlives_its_user_at_its_url() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let users = &emulated.stores.users;
    emulated.faults.set("aws.delete_objects=fail*1").unwrap();

    let erased = users.delete(&user).await;
    assert!(matches!(erased, Err(Error::Unavailable(_))), "{erased:?}");
    assert!(matches!(users.get(&user.id).await, Err(Error::NotFound)));
    // A client reads the user first, and so never reaches the object again.
    let image = emulated.stores.avatars.read(&sample::key(&user)).await.unwrap();
    assert_eq!(image, sample::image("image of ada"));

    // A caller that still has the old user does: the leftover can be removed.
    assert!(matches!(users.delete(&user).await, Err(Error::NotFound)));
    sample::assert_gone(&emulated.stores, &user).await;
}

#[tokio::test]
async fn a_lost_create_is_found_again_by_its_idempotency_key_and_else_taken() {
    for key in [None, sample::idempotency("key", "payload")] {
        let emulated = open().await;
        emulated.faults.set("aws.put_item=fail*1@after").unwrap();
        let new = NewUser { idempotency: key.clone(), ..sample::new_user("ada") };
        let lost = emulated.stores.users.create(new.clone()).await;
        assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
        let again = NewUser { avatar: NewAvatar::new(new.avatar.image.clone(), None), ..new.clone() };
        match emulated.stores.users.create(again).await {
            Ok(domain::Created::Before(user)) => assert!(key.is_some() && user == new.user()),
            other => assert!(key.is_none() && matches!(other, Err(Error::EmailTaken)), "{other:?}"),
        }
        assert_eq!(emulated.objects().await, [sample::key(&new.user()).to_string()]);
    }
}

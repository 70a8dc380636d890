//! Each step of each write fails, however often it is tried: before it happens, and after it.

use domain::{Avatar, Error, NewUser, Stores, User};
use storage::conformance::{renditions::renditions, sample};

use super::fixture::{Fixture, impatient, open, open_with};

const ALL: [&str; 2] = ["postgres.begin", "postgres.commit"];

/// The steps at which a failure may leave the write done: its answer was lost, not the write.
fn may_be_done(rule: &str) -> bool {
    rule == "postgres.commit=fail@after"
}

fn rules(own: &[&str]) -> Vec<String> {
    let steps = ALL.iter().chain(own);
    steps.flat_map(|step| [format!("{step}=fail"), format!("{step}=fail@after")]).collect()
}

/// Lets the write fail by every rule; `is_done` asserts that it is whole or not done, and returns which.
async fn fail_each(
    own: &[&str],
    write: impl AsyncFn(&Stores, &User) -> Result<(), Error>,
    is_done: impl AsyncFn(&Fixture, &User) -> bool,
) {
    let Some(fixture) = open_with(impatient()).await else { return };
    for rule in rules(own) {
        fixture.sql("TRUNCATE users, images, events, renditions");
        let user = sample::create_sample(&fixture.stores, "ada").await;
        fixture.faults.set(&rule).unwrap();
        let answer = write(&fixture.stores, &user).await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{rule}: {answer:?}");
        fixture.faults.clear();
        assert_eq!(is_done(&fixture, &user).await, may_be_done(&rule), "{rule}");
        // The next call works.
        let next = sample::create_sample(&fixture.stores, "next").await;
        sample::assert_stored(&fixture.stores, &next, &sample::image("image of next")).await;
    }
}

#[tokio::test]
async fn a_failed_create_leaves_nothing_or_everything() {
    let new = || sample::new_user("bob");
    fail_each(
        &["postgres.insert_image", "postgres.insert_user", "postgres.insert_event"],
        async |stores, _| stores.users.create(new()).await.map(drop),
        async |fixture, _| {
            let bob = fixture.stores.users.get(&new().user().id).await;
            let Ok(user) = bob else {
                assert_eq!(fixture.counts(), [1, 1, 1]);
                return false;
            };
            sample::assert_stored(&fixture.stores, &user, &new().avatar.image).await;
            assert_eq!(fixture.counts(), [2, 2, 2]);
            true
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_rename_leaves_the_old_name_or_the_new() {
    fail_each(
        &["postgres.find_user", "postgres.update_user"],
        async |stores, user| stores.users.rename(user, sample::name("New"), sample::time(1)).await.map(drop),
        async |fixture, user| {
            let now = fixture.stores.users.get(&user.id).await.unwrap();
            sample::assert_stored(&fixture.stores, &now, &sample::image("image of ada")).await;
            assert_eq!(fixture.counts(), [1, 1, 1]);
            now.name.as_str() == "New"
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_replacement_leaves_the_old_image_or_the_new() {
    fail_each(
        &["postgres.insert_image", "postgres.update_user", "postgres.delete_image", "postgres.insert_event"],
        async |stores, user| {
            stores.users.replace_avatar(user, sample::avatar("new"), sample::time(1)).await.map(drop)
        },
        async |fixture, user| {
            let now = fixture.stores.users.get(&user.id).await.unwrap();
            let done = now != *user;
            let image = if done { "new" } else { "image of ada" };
            sample::assert_stored(&fixture.stores, &now, &sample::image(image)).await;
            assert_eq!(fixture.counts(), if done { [1, 1, 2] } else { [1, 1, 1] });
            done
        },
    )
    .await;
}

#[tokio::test]
async fn a_failed_delete_leaves_everything_or_nothing() {
    fail_each(
        &["postgres.delete_image", "postgres.delete_events", "postgres.delete_user"],
        async |stores, user| stores.users.delete(user).await,
        async |fixture, user| {
            if fixture.counts() == [0, 0, 0] {
                sample::assert_gone(&fixture.stores, user).await;
                return true;
            }
            sample::assert_stored(&fixture.stores, user, &sample::image("image of ada")).await;
            assert_eq!(fixture.counts(), [1, 1, 1]);
            false
        },
    )
    .await;
}

#[tokio::test]
async fn a_slow_step_delays_a_write_and_changes_nothing_else() {
    let Some(fixture) = open_with(impatient()).await else { return };
    fixture.faults.set("postgres.insert_image=slow:1ms,postgres.commit=slow:1ms@after").unwrap();
    let user = sample::create_sample(&fixture.stores, "ada").await;
    sample::assert_stored(&fixture.stores, &user, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_lost_commit_is_found_again_by_its_idempotency_key() {
    let Some(fixture) = open_with(impatient()).await else { return };
    fixture.faults.set("postgres.commit=fail*1@after").unwrap();
    let new = NewUser { idempotency: sample::idempotency("key", "payload"), ..sample::new_user("ada") };
    fixture.stores.users.create(new.clone()).await.unwrap_err();
    let again = NewUser { avatar: sample::avatar("image of ada"), ..new.clone() };
    assert_eq!(fixture.stores.users.create(again).await.unwrap(), domain::Created::Before(new.user()));
}

#[tokio::test]
async fn a_failed_removal_leaves_the_image_or_none() {
    fail_each(
        &[
            "postgres.update_user",
            "postgres.delete_image",
            "postgres.delete_renditions",
            "postgres.delete_events",
        ],
        async |stores, user| stores.users.remove_avatar(user, sample::time(1)).await.map(drop),
        async |fixture, user| {
            let now = fixture.stores.users.get(&user.id).await.unwrap();
            if now.avatar == Avatar::Generated {
                assert_eq!(fixture.counts(), [1, 0, 0]);
                return true;
            }
            sample::assert_stored(&fixture.stores, &now, &sample::image("image of ada")).await;
            assert_eq!(fixture.counts(), [1, 1, 1]);
            false
        },
    )
    .await;
}

#[tokio::test]
async fn renditions_are_kept_all_or_none() {
    let steps = ["postgres.begin", "postgres.find_user", "postgres.insert_rendition", "postgres.commit"];
    let Some(fixture) = open_with(impatient()).await else { return };
    for rule in steps.iter().flat_map(|step| [format!("{step}=fail"), format!("{step}=fail@after")]) {
        fixture.faults.clear();
        fixture.sql("TRUNCATE users, images, events, renditions");
        let user = sample::create_sample(&fixture.stores, "ada").await;
        fixture.faults.set(&rule).unwrap();
        let kept = fixture.stores.renditions.keep(&sample::key(&user), &renditions("ada")).await;
        assert!(matches!(kept, Err(Error::Unavailable(_))), "{rule}: {kept:?}");
        assert_eq!(fixture.count("renditions"), if may_be_done(&rule) { 8 } else { 0 }, "{rule}");
    }
}

#[tokio::test]
async fn a_failed_dead_lettering_leaves_the_event_or_the_letter() {
    for (rule, expected) in
        [("postgres.insert_dead_letter=fail", [1, 0]), ("postgres.insert_dead_letter=fail@after", [0, 1])]
    {
        let Some(fixture) = open_with(impatient()).await else { return };
        sample::create_sample(&fixture.stores, "ada").await;
        let queue = fixture.tools.queue.as_ref().unwrap();
        let delivery = queue.receive(1).await.unwrap().remove(0);
        fixture.faults.set(rule).unwrap();
        queue.dead_letter(&delivery, "poison").await.unwrap_err();
        let depth = queue.depth().await.unwrap();
        assert_eq!([depth.in_progress, depth.dead], expected, "{rule}");
    }
}

#[tokio::test]
async fn a_write_that_was_rolled_back_is_tried_again() {
    for rule in ["postgres.begin=fail*1", "postgres.insert_event=fail*1@after", "postgres.commit=fail*1"] {
        let Some(fixture) = open().await else { return };
        fixture.faults.set(rule).unwrap();
        let user = sample::create_sample(&fixture.stores, "ada").await;
        sample::assert_stored(&fixture.stores, &user, &sample::image("image of ada")).await;
        assert_eq!(fixture.counts(), [1, 1, 1], "{rule}");
    }
}

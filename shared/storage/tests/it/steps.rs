//! Each step of each write fails once: before it happens, and after it.

use domain::{Avatar, Error, NewUser, Stores, User};
use storage::conformance::{renditions::renditions, sample};

use crate::fixture::{Fixture, open};

const GROUP: [&str; 5] =
    ["sqlite.begin", "sqlite.savepoint", "sqlite.find_user", "sqlite.release", "sqlite.commit"];

/// The steps at which a failure may leave the write done: its answer was lost, not the write.
fn may_be_done(rule: &str) -> bool {
    rule == "sqlite.commit=fail*1@after"
}

fn rules(own: &[&str]) -> Vec<String> {
    let steps = GROUP.iter().chain(own);
    steps.flat_map(|step| [format!("{step}=fail*1"), format!("{step}=fail*1@after")]).collect()
}

/// Lets the write fail by every rule; `is_done` asserts that it is whole or not done, and returns which.
async fn fail_each(
    own: &[&str],
    write: impl AsyncFn(&Stores, &User) -> Result<(), Error>,
    is_done: impl AsyncFn(&Fixture, &User) -> bool,
) {
    for rule in rules(own) {
        let fixture = open().await;
        let user = sample::create_sample(&fixture.stores, "ada").await;
        fixture.faults.set(&rule).unwrap();
        let answer = write(&fixture.stores, &user).await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{rule}: {answer:?}");
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
        &["sqlite.insert_image", "sqlite.insert_user", "sqlite.insert_event"],
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
        &["sqlite.update_user"],
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
        &["sqlite.insert_image", "sqlite.update_user", "sqlite.delete_image", "sqlite.insert_event"],
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
        &["sqlite.delete_image", "sqlite.delete_events", "sqlite.delete_user"],
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
    let fixture = open().await;
    fixture.faults.set("sqlite.insert_image=slow:1ms,sqlite.commit=slow:1ms@after").unwrap();
    let user = sample::create_sample(&fixture.stores, "ada").await;
    sample::assert_stored(&fixture.stores, &user, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_lost_commit_is_found_again_by_its_idempotency_key() {
    let fixture = open().await;
    fixture.faults.set("sqlite.commit=fail*1@after").unwrap();
    let new = NewUser { idempotency: sample::idempotency("key", "payload"), ..sample::new_user("ada") };
    fixture.stores.users.create(new.clone()).await.unwrap_err();
    let again = NewUser { avatar: sample::avatar("image of ada"), ..new.clone() };
    assert_eq!(fixture.stores.users.create(again).await.unwrap(), domain::Created::Before(new.user()));
}

#[tokio::test]
async fn a_failed_removal_leaves_the_image_or_none() {
    fail_each(
        &["sqlite.update_user", "sqlite.delete_image", "sqlite.delete_renditions", "sqlite.delete_events"],
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
    let steps =
        ["sqlite.begin", "sqlite.find_user", "sqlite.insert_rendition", "sqlite.release", "sqlite.commit"];
    for rule in steps.iter().flat_map(|step| [format!("{step}=fail*1"), format!("{step}=fail*1@after")]) {
        let fixture = open().await;
        let user = sample::create_sample(&fixture.stores, "ada").await;
        fixture.faults.set(&rule).unwrap();
        let kept = fixture.stores.renditions.keep(&sample::key(&user), &renditions("ada")).await;
        assert!(matches!(kept, Err(Error::Unavailable(_))), "{rule}: {kept:?}");
        let count = fixture.query::<i64>("SELECT count(*) FROM renditions");
        assert_eq!(count, if may_be_done(&rule) { 8 } else { 0 }, "{rule}");
    }
}

#[tokio::test]
async fn a_failed_dead_lettering_leaves_the_event_or_the_letter() {
    for (rule, expected) in [
        ("sqlite.insert_dead_letter=fail*1", [1, 0]),
        ("sqlite.delete_event=fail*1", [1, 0]),
        ("sqlite.commit=fail*1@after", [0, 1]),
    ] {
        let fixture = open().await;
        sample::create_sample(&fixture.stores, "ada").await;
        let queue = fixture.tools.queue.as_ref().unwrap();
        let delivery = queue.receive(1).await.unwrap().remove(0);
        fixture.faults.set(rule).unwrap();
        queue.dead_letter(&delivery, "poison").await.unwrap_err();
        let depth = queue.depth().await.unwrap();
        assert_eq!([depth.in_progress, depth.dead], expected, "{rule}");
    }
}

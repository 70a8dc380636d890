//! Many writes in one commit.

use std::pin::Pin;

use bytes::Bytes;
use domain::{Created, Error, Image, ImageFormat, NewUser, User};
use storage::{conformance::sample, sqlite::Options};

use crate::fixture::{Fixture, begin, open, open_in, options};

type Call = Pin<Box<dyn Future<Output = Result<Created, Error>>>>;

fn begin_create(fixture: &Fixture, new: NewUser) -> Call {
    let users = fixture.stores.users.clone();
    begin(async move { users.create(new).await })
}

/// Blocks the writer in a rename, lets `calls` queue behind it, and unblocks it: they form one group, which
/// is the second transaction from here.
async fn in_one_group<T>(fixture: &Fixture, calls: impl FnOnce() -> T) -> T {
    let user = sample::create_sample(&fixture.stores, "first").await;
    let lock = rusqlite::Connection::open(fixture.file()).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let users = fixture.stores.users.clone();
    let taken = fixture.activity.taken();
    let first = begin(async move { users.rename(&user, sample::name("Renamed"), sample::time(1)).await });
    while fixture.activity.taken() == taken {
        tokio::task::yield_now().await;
    }
    let calls = calls();
    lock.execute_batch("COMMIT").unwrap();
    let _ = first.await;
    calls
}

fn created(answer: Result<Created, Error>) -> User {
    match answer.unwrap() {
        Created::Now(user) => user,
        Created::Before(_) => panic!("created before"),
    }
}

fn large(who: &str, bytes: usize) -> NewUser {
    let image = Image::new(ImageFormat::Png, Bytes::from(vec![7; bytes]));
    sample::with_image(who, image)
}

#[tokio::test]
async fn writes_that_wait_together_take_one_commit() {
    let fixture = open().await;
    let calls = in_one_group(&fixture, || {
        (0..50).map(|n| begin_create(&fixture, sample::new_user(&format!("user{n}")))).collect::<Vec<_>>()
    })
    .await;
    for call in calls {
        let user = created(call.await);
        let who = user.email.as_str().trim_end_matches("@example.org");
        sample::assert_stored(&fixture.stores, &user, &sample::image(&format!("image of {who}"))).await;
    }
    assert_eq!(fixture.activity.commits(), 3, "two before the group, and the group");
}

#[tokio::test]
async fn a_conflict_within_a_group_is_found() {
    let fixture = open().await;
    let calls = in_one_group(&fixture, || {
        [sample::new_user("ada"), sample::new_user("ada")].map(|new| begin_create(&fixture, new))
    })
    .await;
    let [first, second] = calls;
    created(first.await);
    assert!(matches!(second.await, Err(Error::EmailTaken)));
    assert_eq!(fixture.activity.commits(), 3);
}

#[tokio::test]
async fn a_failing_write_does_not_spoil_the_others_of_its_group() {
    let fixture = open().await;
    let [failing, second, third] = in_one_group(&fixture, || {
        fixture.faults.set("sqlite.insert_event=fail*1").unwrap();
        ["a", "b", "c"].map(|who| begin_create(&fixture, sample::new_user(who)))
    })
    .await;
    assert!(matches!(failing.await, Err(Error::Unavailable(_))));
    for (call, who) in [(second, "b"), (third, "c")] {
        let user = created(call.await);
        sample::assert_stored(&fixture.stores, &user, &sample::image(&format!("image of {who}"))).await;
    }
    assert_eq!(fixture.counts(), [3, 3, 3]);
    assert_eq!(fixture.activity.commits(), 3);
}

#[tokio::test]
async fn a_failed_commit_fails_every_write_of_its_group_conflicts_too_and_the_next_ones_work() {
    let fixture = open().await;
    let calls = in_one_group(&fixture, || {
        fixture.faults.set("sqlite.commit=fail*2").unwrap();
        ["a", "first", "b"].map(|who| begin_create(&fixture, sample::new_user(who)))
    })
    .await;
    for call in calls {
        let answer = call.await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(fixture.counts(), [1, 1, 1]);
    sample::create_sample(&fixture.stores, "a").await;
    assert_eq!(fixture.counts(), [2, 2, 2]);
}

#[tokio::test]
async fn a_full_disk_is_unavailable_keeps_nothing_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let full = Options { max_pages: Some(40), ..options(&folder) };
    let fixture = open_in(folder, full).await;
    let small = sample::create_sample(&fixture.stores, "small").await;

    let answer = fixture.stores.users.create(large("large", 1_000_000)).await;
    assert!(matches!(answer, Err(Error::Unavailable(_))), "{answer:?}");
    assert_eq!(fixture.counts(), [1, 1, 1]);
    sample::assert_stored(&fixture.stores, &small, &sample::image("image of small")).await;
    fixture.stores.health.check().await.unwrap();

    // What still fits is still kept.
    let next = sample::create_sample(&fixture.stores, "next").await;
    fixture.stores.users.delete(&next).await.unwrap();
    fixture.connection.close().await;
    let config = options(&fixture.folder);
    let fixture = open_in(fixture.folder, config).await;
    created(fixture.stores.users.create(large("large", 1_000_000)).await);
    assert_eq!(fixture.counts(), [2, 2, 2]);
}

#[tokio::test]
async fn what_does_not_fit_on_the_disk_does_not_spoil_the_others_of_its_group() {
    let folder = tempfile::tempdir().unwrap();
    let full = Options { max_pages: Some(40), ..options(&folder) };
    let fixture = open_in(folder, full).await;
    let [before, too_large, after] = in_one_group(&fixture, || {
        let calls = [sample::new_user("before"), large("large", 1_000_000), sample::new_user("after")];
        calls.map(|new| begin_create(&fixture, new))
    })
    .await;
    for call in [before, after] {
        let user = created(call.await);
        fixture.stores.avatars.read(&sample::key(&user)).await.unwrap();
    }
    assert!(matches!(too_large.await, Err(Error::Unavailable(_))));
    assert_eq!(fixture.counts(), [3, 3, 3]);
}

#[tokio::test]
async fn a_dropped_call_that_was_not_begun_is_not_done() {
    let fixture = open().await;
    let calls = in_one_group(&fixture, || {
        drop(begin_create(&fixture, sample::new_user("dropped")));
        begin_create(&fixture, sample::new_user("kept"))
    })
    .await;
    created(calls.await);
    sample::assert_gone(&fixture.stores, &sample::new_user("dropped").user()).await;
    assert_eq!(fixture.counts(), [2, 2, 2]);
}

#[tokio::test]
async fn a_write_that_panics_fails_alone_and_the_others_of_its_group_are_kept() {
    let fixture = open().await;
    let [failing, second, third] = in_one_group(&fixture, || {
        fixture.faults.set("sqlite.insert_event=panic*1").unwrap();
        ["a", "b", "c"].map(|who| begin_create(&fixture, sample::new_user(who)))
    })
    .await;
    assert!(matches!(failing.await, Err(Error::Unavailable(_))));
    for (call, who) in [(second, "b"), (third, "c")] {
        let user = created(call.await);
        sample::assert_stored(&fixture.stores, &user, &sample::image(&format!("image of {who}"))).await;
    }
    assert_eq!(fixture.counts(), [3, 3, 3]);
    fixture.stores.health.check().await.unwrap();
}

#[tokio::test]
async fn a_writer_that_panics_rolls_back_and_goes_on() {
    let fixture = open().await;
    let expected = [
        ("sqlite.begin=panic*1", 0),
        ("sqlite.release=panic*1", 0),
        ("sqlite.commit=panic*1", 0),
        // It was committed, and its caller cannot know.
        ("sqlite.commit=panic*1@after", 1),
    ];
    for (number, (fault, kept)) in expected.into_iter().enumerate() {
        let before = fixture.counts()[0];
        fixture.faults.set(fault).unwrap();
        let answer = fixture.stores.users.create(sample::new_user(&format!("a{number}"))).await;
        assert!(matches!(answer, Err(Error::Unavailable(_))), "{fault}: {answer:?}");
        assert_eq!(fixture.counts(), [before + kept; 3], "{fault}");
        sample::create_sample(&fixture.stores, &format!("b{number}")).await;
        fixture.stores.health.check().await.unwrap();
    }
}

#[tokio::test]
async fn a_writer_that_cannot_roll_back_ends_and_reads_go_on() {
    let fixture = open().await;
    let user = sample::create_sample(&fixture.stores, "ada").await;
    fixture.faults.set("sqlite.commit=panic,sqlite.rollback=fail").unwrap();
    let new = || sample::new_user("bob");
    assert!(matches!(fixture.stores.users.create(new()).await, Err(Error::Unavailable(_))));
    fixture.connection.died().await;
    assert!(matches!(fixture.stores.users.create(new()).await, Err(Error::Unavailable(_))));
    assert!(matches!(fixture.stores.health.check().await, Err(Error::Unavailable(_))));
    sample::assert_stored(&fixture.stores, &user, &sample::image("image of ada")).await;
    assert_eq!(fixture.counts(), [1, 1, 1]);
}

//! Whatever happens in whatever order, in whichever of two processes, the store is consistent in the end.

use domain::{AvatarStored, Delivery, Error, Stores, User, UserId};
use proptest::{prelude::*, test_runner::TestCaseError};
use storage::{
    Tools,
    conformance::{
        inventory::findings,
        renditions::{assert_kept, renditions},
        sample,
    },
};

use super::fixture::{Fixture, open, open_at};

const USERS: [&str; 3] = ["ada", "bob", "eve"];

#[derive(Clone, Debug)]
enum Step {
    Create(usize),
    Replace(usize),
    RemoveAvatar(usize),
    Delete(usize),
    /// An event is processed, up to where the worker dies, if it does.
    Work(Death),
    /// The process dies, and another opens the database.
    Crash,
    /// From here on the other of two processes is used.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    BeforeStoring,
    BeforeAcknowledging,
    Never,
}

fn step() -> impl Strategy<Value = Step> {
    let death = prop_oneof![Just(Death::BeforeStoring), Just(Death::BeforeAcknowledging), Just(Death::Never)];
    prop_oneof![
        (0..USERS.len()).prop_map(Step::Create),
        (0..USERS.len()).prop_map(Step::Replace),
        (0..USERS.len()).prop_map(Step::RemoveAvatar),
        (0..USERS.len()).prop_map(Step::Delete),
        death.prop_map(Step::Work),
        Just(Step::Crash),
        Just(Step::Other),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn in_the_end_every_image_has_its_renditions_and_nothing_is_left(steps in prop::collection::vec(step(), 1..24)) {
        tokio::runtime::Runtime::new().unwrap().block_on(run_steps(steps))?;
    }
}

async fn run_steps(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let Some(mut fixture) = open().await else { return Ok(()) };
    let mut other = open_at(fixture.server, fixture.url.clone()).await;
    for step in steps {
        let stores = fixture.stores.clone();
        match step {
            Step::Create(who) => drop(stores.users.create(sample::new_user(USERS[who])).await),
            Step::Crash => fixture = reopened(fixture).await,
            Step::Other => std::mem::swap(&mut fixture, &mut other),
            Step::Work(death) => drop(work(&fixture, death).await),
            Step::Replace(who) => {
                if let Some(user) = user(&stores, who).await {
                    stores.users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await.unwrap();
                }
            }
            Step::RemoveAvatar(who) => {
                if let Some(user) = user(&stores, who).await {
                    stores.users.remove_avatar(&user, sample::time(1)).await.unwrap();
                }
            }
            Step::Delete(who) => {
                if let Some(user) = user(&stores, who).await {
                    stores.users.delete(&user).await.unwrap();
                }
            }
        }
    }
    // The leases of dead workers end.
    fixture.sql("UPDATE events SET visible_at = 0");
    while work(&fixture, Death::Never).await {}
    prop_assert_eq!(findings(&fixture.tools).await, []);
    let mut images = 0;
    for who in 0..USERS.len() {
        let Some(user) = user(&fixture.stores, who).await else { continue };
        if let Some(key) = user.avatar.key() {
            assert_kept(&fixture.stores, key, &renditions("worked")).await;
            fixture.stores.avatars.read(key).await.unwrap();
            images += 1;
        }
    }
    prop_assert_eq!(fixture.count("images"), images);
    prop_assert_eq!(fixture.count("renditions"), images * 8);
    prop_assert_eq!(fixture.count("events"), 0);
    Ok(())
}

async fn reopened(fixture: Fixture) -> Fixture {
    let Fixture { server, url, connection, stores, tools, .. } = fixture;
    drop((connection, stores, tools));
    open_at(server, url).await
}

async fn user(stores: &Stores, who: usize) -> Option<User> {
    let id = UserId::of(&sample::email(&format!("{}@example.org", USERS[who])));
    stores.users.get(&id).await.ok()
}

/// Processes the next event, if one waits.
async fn work(fixture: &Fixture, death: Death) -> bool {
    let Tools { queue: Some(queue), .. } = &fixture.tools else { panic!("no queue") };
    if queue.depth().await.unwrap().waiting == 0 {
        return false;
    }
    for delivery in queue.receive(1).await.unwrap() {
        if death == Death::BeforeStoring {
            continue;
        }
        keep(&fixture.stores, &delivery).await;
        if death == Death::Never {
            queue.acknowledge(&delivery).await.unwrap();
        }
    }
    true
}

/// What a worker does with the event, which is done if its image is gone.
async fn keep(stores: &Stores, delivery: &Delivery) {
    let [AvatarStored { key, .. }] = delivery.event.stored[..] else { panic!("{delivery:?}") };
    match stores.renditions.keep(&key, &renditions("worked")).await {
        Ok(()) | Err(Error::NotFound) => {}
        Err(error) => panic!("{error}"),
    }
}

//! Whatever fails between the calls of any write, a sweep and the worker make the store consistent again.

use domain::{AvatarKey, Error, Finding, NewAvatar, User, UserId};
use proptest::{prelude::*, test_runner::TestCaseError};
use storage::conformance::{
    inventory::{findings, remove},
    renditions::{assert_kept, renditions},
    sample,
};

use super::emulator::{Emulated, open};

const USERS: [&str; 2] = ["ada", "bob"];

/// What may happen at a call: it fails, its response is lost, or its task panics there.
const FAULTS: [&str; 8] = [
    "",
    "aws.put_object=fail*1@after",
    "aws.put_object=panic*1",
    "aws.put_item=panic*1",
    "aws.update_item=fail*1@after",
    "aws.delete_item=panic*1@after",
    "aws.delete_objects=fail*1",
    "aws.get_item=fail*1@from:2",
];

#[derive(Clone, Copy, Debug)]
enum Write {
    Create,
    Replace,
    RemoveAvatar,
    Delete,
    /// The worker receives the event of an image: perhaps again, perhaps late.
    Work,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    write: Write,
    who: usize,
    fault: &'static str,
}

fn step() -> impl Strategy<Value = Step> {
    let write = prop_oneof![
        2 => Just(Write::Create),
        2 => Just(Write::Replace),
        1 => Just(Write::RemoveAvatar),
        1 => Just(Write::Delete),
        3 => Just(Write::Work),
    ];
    (write, 0..USERS.len(), prop::sample::select(FAULTS.as_slice())).prop_map(|(write, who, fault)| Step {
        write,
        who,
        fault,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]
    #[test]
    fn in_the_end_every_image_has_its_renditions_and_no_object_is_left(steps in prop::collection::vec(step(), 1..12)) {
        tokio::runtime::Runtime::new().unwrap().block_on(run_steps(steps))?;
    }
}

async fn run_steps(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let emulated = open().await;
    // The bucket sends an event for every object under `avatars/`, even if its write did not finish.
    let mut notified: Vec<AvatarKey> = Vec::new();
    for Step { write, who, fault } in steps {
        let user = user(&emulated, who).await;
        emulated.faults.set(fault).unwrap();
        let (users, at) = (&emulated.stores.users, sample::time(1));
        let new = sample::avatar("new");
        match (write, user) {
            (Write::Create, _) => {
                let new = sample::new_user(USERS[who]);
                notified.push(new.avatar.for_user(new.user().id).0);
                drop(users.create(new).await);
            }
            (Write::Replace, Some(user)) => {
                notified.push(key_of(&new, &user));
                drop(users.replace_avatar(&user, new, at).await);
            }
            (Write::RemoveAvatar, Some(user)) => drop(users.remove_avatar(&user, at).await),
            (Write::Delete, Some(user)) => drop(users.delete(&user).await),
            (Write::Work, _) => {
                if let Some(key) = notified.get(who) {
                    drop(emulated.stores.renditions.keep(key, &renditions("worked")).await);
                }
            }
            (Write::Replace | Write::RemoveAvatar | Write::Delete, None) => {}
        }
        emulated.faults.clear();
    }
    for key in &notified {
        work(&emulated, key).await;
    }
    let found = findings(&emulated.tools).await;
    remove(&emulated.tools, &found).await;
    for finding in found {
        match finding {
            Finding::MissingRenditions(key) => work(&emulated, &key).await,
            Finding::MissingImage(user) => prop_assert!(false, "{user} lost its image"),
            Finding::UnreferencedAvatar(_) | Finding::UnreferencedRendition(_) => {}
        }
    }
    prop_assert_eq!(findings(&emulated.tools).await, []);
    let mut images = 0;
    for who in 0..USERS.len() {
        let Some(user) = user(&emulated, who).await else { continue };
        if let Some(key) = user.avatar.key() {
            emulated.stores.avatars.read(key).await.unwrap();
            assert_kept(&emulated.stores, key, &renditions("worked")).await;
            images += 1;
        }
    }
    prop_assert_eq!(emulated.objects().await.len(), images * 9);
    Ok(())
}

fn key_of(new: &NewAvatar, user: &User) -> AvatarKey {
    new.for_user(user.id).0
}

async fn user(emulated: &Emulated, who: usize) -> Option<User> {
    let id = UserId::of(&sample::email(&format!("{}@example.org", USERS[who])));
    emulated.stores.users.get(&id).await.ok()
}

/// What a worker does with an event, which is done if its image is gone.
async fn work(emulated: &Emulated, key: &AvatarKey) {
    match emulated.stores.avatars.read_upload(key).await {
        Err(Error::NotFound) => return,
        read => drop(read.unwrap()),
    }
    match emulated.stores.renditions.keep(key, &renditions("worked")).await {
        Ok(()) | Err(Error::NotFound) => {}
        Err(error) => panic!("{error}"),
    }
}

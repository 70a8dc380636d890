//! Whatever happens before and during sweeps, no image that a user shows is removed; and once no write is in
//! flight, every orphan is.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{AvatarKey, User, UserId};
use proptest::{prelude::*, test_runner::TestCaseError};
use storage::{Connection, conformance::sample, sweep::Options};

use super::{
    changed::{Answer, Asked, refusing},
    emulator::{Emulated, open},
    swept::{DAY, options, run},
};

const USERS: [&str; 3] = ["ada", "bob", "grace"];

/// How responses of AWS are distorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strange {
    No,
    /// A batch lacks the table.
    NoTable,
    /// A batch names the table by its ARN.
    Arn,
    /// A batch leaves out every user.
    Forgets,
    /// A batch leaves every key for later, the first time.
    Unprocessed,
    /// A listing has no date.
    Undated,
    /// A listing is truncated, but empty.
    Truncated,
    /// Every fifth call fails.
    Fails,
    /// Each user's item is denied.
    Denied,
}

const STRANGE: [Strange; 9] = [
    Strange::No,
    Strange::NoTable,
    Strange::Arn,
    Strange::Forgets,
    Strange::Unprocessed,
    Strange::Undated,
    Strange::Truncated,
    Strange::Fails,
    Strange::Denied,
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Create(usize),
    Replace(usize),
    Delete(usize),
    /// A crash between two calls leaves an object.
    Orphan(usize),
    /// An upload puts its object, and does not write its item yet.
    Begin(usize),
    /// It writes its item.
    Finish,
    /// Another program's item shows an object that no user has, by its URL.
    Foreign,
    /// An invalid item.
    Malformed,
    Sweep {
        strange: Strange,
        /// How far S3's clock is ahead of this machine's.
        hours: i64,
        /// The bucket of another table.
        wrong_bucket: bool,
        force: bool,
        dry_run: bool,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..USERS.len();
    let sweep = (
        prop::sample::select(STRANGE.as_slice()),
        prop::sample::select([-30, -2, 0, 0, 2, 30].as_slice()),
        prop::bool::weighted(0.1),
        any::<bool>(),
        prop::bool::weighted(0.1),
    );
    prop_oneof![
        3 => who.clone().prop_map(Step::Create),
        2 => who.clone().prop_map(Step::Replace),
        1 => who.clone().prop_map(Step::Delete),
        2 => who.clone().prop_map(Step::Orphan),
        2 => who.prop_map(Step::Begin),
        2 => Just(Step::Finish),
        1 => Just(Step::Foreign),
        1 => Just(Step::Malformed),
        6 => sweep.prop_map(|(strange, hours, wrong_bucket, force, dry_run)| Step::Sweep {
            strange,
            hours,
            wrong_bucket,
            force,
            dry_run,
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn no_live_image_is_ever_removed(steps in prop::collection::vec(step(), 4..16)) {
        tokio::runtime::Runtime::new().unwrap().block_on(live(steps))?;
    }
}

/// What must be true of the objects.
#[derive(Default)]
struct World {
    /// Uploads that have put their object and not written their item.
    in_flight: Vec<AvatarKey>,
    /// Objects that other programs' items show, or whose user's item is invalid.
    kept: HashSet<AvatarKey>,
    orphans: usize,
}

async fn live(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let emulated = open().await;
    emulated.provision(&other_table(&emulated), &format!("{}-2", emulated.bucket()), "test").await;
    let mut world = World::default();
    for step in steps {
        take(&emulated, &mut world, step).await?;
    }
    // Once nothing is in flight, exactly the orphans are removed.
    while !world.in_flight.is_empty() {
        take(&emulated, &mut world, Step::Finish).await?;
    }
    let calm = store(&emulated, &world, Strange::No, 0, false);
    let (ended, _, _) = run(&calm, &Arc::default(), &Options { force: true, ..options() }).await;
    prop_assert!(ended.is_ok(), "{ended:?}");
    let (left, shown) = (objects(&emulated).await, shown(&emulated, &world).await);
    prop_assert_eq!(left, shown);
    Ok(())
}

async fn take(emulated: &Emulated, world: &mut World, step: Step) -> Result<(), TestCaseError> {
    let users = &emulated.stores.users;
    match step {
        Step::Create(who) => drop(users.create(sample::new_user(USERS[who])).await),
        Step::Replace(who) => {
            if let Some(user) = user(emulated, who).await {
                drop(users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await);
            }
        }
        Step::Delete(who) => {
            if let Some(user) = user(emulated, who).await {
                drop(users.delete(&user).await);
            }
        }
        Step::Orphan(who) => drop(emulated.orphan(USERS[who]).await),
        Step::Begin(who) => world.in_flight.push(emulated.orphan(USERS[who]).await),
        Step::Finish => {
            if let Some(key) = world.in_flight.pop() {
                finish(emulated, key).await;
            }
        }
        Step::Foreign => {
            world.orphans += 1;
            let key = emulated.orphan(&format!("foreign{}", world.orphans)).await;
            let url = format!("https://cdn.example.org/?u={}", key.to_string().replace('-', "%2d"));
            let id = format!("foreign{}", world.orphans);
            put_item(
                emulated,
                &[("id", id), ("name", "F".into()), ("email", "f@e.org".into()), ("avatar_url", url)],
            )
            .await;
            world.kept.insert(key);
        }
        Step::Malformed => {
            world.orphans += 1;
            let key = emulated.orphan(&format!("malformed{}", world.orphans)).await;
            put_item(emulated, &[("id", key.user.to_string()), ("avatar_key", "../malformed".into())]).await;
            world.kept.insert(key);
        }
        Step::Sweep { strange, hours, wrong_bucket, force, dry_run } => {
            let (before, live) = (objects(emulated).await, shown(emulated, world).await);
            let connection = store(emulated, world, strange, hours, wrong_bucket);
            let options = Options { force, dry_run, ..options() };
            let (ended, total, _) = run(&connection, &Arc::default(), &options).await;
            let after = objects(emulated).await;
            let lost: Vec<_> = live.difference(&after).collect();
            prop_assert!(lost.is_empty(), "{step:?} removed {lost:?}: {ended:?} {total:?}");
            let in_flight: Vec<_> =
                world.in_flight.iter().filter(|key| !after.contains(&key.to_string())).collect();
            prop_assert!(in_flight.is_empty(), "{step:?} removed an upload in flight: {in_flight:?}");
            if dry_run
                || wrong_bucket
                || [Strange::NoTable, Strange::Undated, Strange::Truncated].contains(&strange)
            {
                prop_assert_eq!(&before, &after, "{:?}", step);
            }
            prop_assert!(ended.is_err() || !wrong_bucket, "{step:?}");
            let is_calm =
                [Strange::No, Strange::Arn, Strange::Unprocessed].contains(&strange) && !wrong_bucket;
            if is_calm && force && !dry_run {
                prop_assert!(ended.is_ok(), "{step:?}: {ended:?}");
                let in_flight = world.in_flight.iter().map(ToString::to_string);
                let expected: HashSet<_> = live.into_iter().chain(in_flight).collect();
                prop_assert_eq!(after, expected, "{:?}", step);
            }
        }
    }
    Ok(())
}

/// The upload's item is written, unless its user came to have another image.
async fn finish(emulated: &Emulated, key: AvatarKey) {
    let item = [
        ("id", key.user.to_string()),
        ("name", "N".into()),
        ("email", "n@e.org".into()),
        ("avatar_key", key.to_string()),
    ];
    put_item(emulated, &item).await;
}

/// The store as a sweep sees it.
fn store(emulated: &Emulated, world: &World, strange: Strange, hours: i64, wrong_bucket: bool) -> Connection {
    let in_flight: HashSet<_> = world.in_flight.iter().map(ToString::to_string).collect();
    let table = emulated.options.users_table.clone();
    let (calls, batches) = (AtomicU32::new(0), AtomicU32::new(0));
    let change = move |asked: &Asked, answer: &mut Answer| {
        if asked.is_listing() {
            answer.shift(hours * 3_600, |key| if in_flight.contains(key) { 0 } else { -2 * DAY });
        }
        let is_first = asked.call != "BatchGetItem" || batches.fetch_add(1, Ordering::SeqCst) == 0;
        make_strange(strange, asked, answer, &table, is_first);
    };
    let refuse = move |asked: &Asked| {
        let is_denied =
            strange == Strange::Denied && asked.call == "GetItem" && !asked.body.contains("#roster");
        if strange == Strange::Fails && calls.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
            return Some((500, String::new()));
        }
        let denied = r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#;
        is_denied.then(|| (400, denied.to_owned()))
    };
    let mut options = emulated.options.clone();
    if wrong_bucket {
        options.users_table = other_table(emulated);
    }
    emulated.through_with(refusing(refuse, change), &options)
}

fn make_strange(strange: Strange, asked: &Asked, answer: &mut Answer, table: &str, is_first: bool) {
    let is_batch = asked.call == "BatchGetItem";
    match strange {
        Strange::NoTable if is_batch => answer.set_text(r#"{"Responses":{},"UnprocessedKeys":{}}"#),
        Strange::Arn if is_batch => {
            let arn = format!("\"arn:aws:dynamodb:eu-central-1:333333333333:table/{table}\"");
            answer.set_text(answer.text().replace(&format!("\"{table}\""), &arn));
        }
        Strange::Forgets if is_batch => answer.set_text(format!(r#"{{"Responses":{{"{table}":[]}}}}"#)),
        Strange::Unprocessed if is_batch && is_first => {
            let asked: serde_json::Value = serde_json::from_str(&asked.body).unwrap();
            let unprocessed = serde_json::json!({"Responses": {}, "UnprocessedKeys": asked["RequestItems"]});
            answer.set_text(unprocessed.to_string());
        }
        Strange::Undated if asked.is_listing() => answer.date = None,
        Strange::Truncated if asked.is_listing() => {
            answer.set_text("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>");
        }
        _ => {}
    }
}

fn other_table(emulated: &Emulated) -> String {
    format!("{}-2", emulated.options.users_table)
}

async fn objects(emulated: &Emulated) -> HashSet<String> {
    emulated.objects().await.into_iter().collect()
}

/// The objects that must stay: every user's image, and what is kept for other reasons.
async fn shown(emulated: &Emulated, world: &World) -> HashSet<String> {
    let scanned = emulated.dynamodb.scan().table_name(&emulated.options.users_table).send().await.unwrap();
    let keys = scanned.items().iter().filter_map(|item| item.get("avatar_key")?.as_s().ok());
    let keys = keys.filter(|key| key.parse::<AvatarKey>().is_ok()).cloned();
    keys.chain(world.kept.iter().map(ToString::to_string)).collect()
}

async fn user(emulated: &Emulated, who: usize) -> Option<User> {
    let id = UserId::of(&sample::email(&format!("{}@example.org", USERS[who])));
    emulated.stores.users.get(&id).await.ok()
}

async fn put_item(emulated: &Emulated, attributes: &[(&str, String)]) {
    let mut put = emulated.dynamodb.put_item().table_name(&emulated.options.users_table);
    for (name, value) in attributes {
        put = put.item(*name, AttributeValue::S(value.clone()));
    }
    put.send().await.unwrap();
}

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
    changed::{AwsRequest, AwsResponse, refusing},
    emulator::{Emulated, open},
    sweep_fixture::{DAY, options, run},
};

const USERS: [&str; 3] = ["ada", "bob", "grace"];

/// How responses of AWS are distorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Distortion {
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

const DISTORTIONS: [Distortion; 9] = [
    Distortion::No,
    Distortion::NoTable,
    Distortion::Arn,
    Distortion::Forgets,
    Distortion::Unprocessed,
    Distortion::Undated,
    Distortion::Truncated,
    Distortion::Fails,
    Distortion::Denied,
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
        distortion: Distortion,
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
        prop::sample::select(DISTORTIONS.as_slice()),
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
        6 => sweep.prop_map(|(distortion, hours, wrong_bucket, force, dry_run)| Step::Sweep {
            distortion,
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
        tokio::runtime::Runtime::new().unwrap().block_on(run_steps(steps))?;
    }
}

/// What must be true of the objects.
#[derive(Default)]
struct Model {
    /// Uploads that have put their object and not written their item.
    in_flight: Vec<AvatarKey>,
    /// Objects that other programs' items show, or whose user's item is invalid.
    kept: HashSet<AvatarKey>,
    orphans: usize,
}

async fn run_steps(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let emulated = open().await;
    emulated.provision(&other_table(&emulated), &format!("{}-2", emulated.bucket()), "test").await;
    let mut model = Model::default();
    for step in steps {
        apply(&emulated, &mut model, step).await?;
    }
    // Once nothing is in flight, exactly the orphans are removed.
    while !model.in_flight.is_empty() {
        apply(&emulated, &mut model, Step::Finish).await?;
    }
    let undistorted = store(&emulated, &model, Distortion::No, 0, false);
    let (ended, _, _) = run(&undistorted, &Arc::default(), &Options { force: true, ..options() }).await;
    prop_assert!(ended.is_ok(), "{ended:?}");
    let (left, shown) = (objects(&emulated).await, shown(&emulated, &model).await);
    prop_assert_eq!(left, shown);
    Ok(())
}

async fn apply(emulated: &Emulated, model: &mut Model, step: Step) -> Result<(), TestCaseError> {
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
        Step::Begin(who) => model.in_flight.push(emulated.orphan(USERS[who]).await),
        Step::Finish => {
            if let Some(key) = model.in_flight.pop() {
                finish(emulated, key).await;
            }
        }
        Step::Foreign => {
            model.orphans += 1;
            let key = emulated.orphan(&format!("foreign{}", model.orphans)).await;
            let url = format!("https://cdn.example.org/?u={}", key.to_string().replace('-', "%2d"));
            let id = format!("foreign{}", model.orphans);
            put_item(
                emulated,
                &[("id", id), ("name", "F".into()), ("email", "f@e.org".into()), ("avatar_url", url)],
            )
            .await;
            model.kept.insert(key);
        }
        Step::Malformed => {
            model.orphans += 1;
            let key = emulated.orphan(&format!("malformed{}", model.orphans)).await;
            put_item(emulated, &[("id", key.user.to_string()), ("avatar_key", "../malformed".into())]).await;
            model.kept.insert(key);
        }
        Step::Sweep { distortion, hours, wrong_bucket, force, dry_run } => {
            let (before, live) = (objects(emulated).await, shown(emulated, model).await);
            let connection = store(emulated, model, distortion, hours, wrong_bucket);
            let options = Options { force, dry_run, ..options() };
            let (ended, total, _) = run(&connection, &Arc::default(), &options).await;
            let after = objects(emulated).await;
            let lost: Vec<_> = live.difference(&after).collect();
            prop_assert!(lost.is_empty(), "{step:?} removed {lost:?}: {ended:?} {total:?}");
            let in_flight: Vec<_> =
                model.in_flight.iter().filter(|key| !after.contains(&key.to_string())).collect();
            prop_assert!(in_flight.is_empty(), "{step:?} removed an upload in flight: {in_flight:?}");
            if dry_run
                || wrong_bucket
                || [Distortion::NoTable, Distortion::Undated, Distortion::Truncated].contains(&distortion)
            {
                prop_assert_eq!(&before, &after, "{:?}", step);
            }
            prop_assert!(ended.is_err() || !wrong_bucket, "{step:?}");
            let is_undistorted = [Distortion::No, Distortion::Arn, Distortion::Unprocessed]
                .contains(&distortion)
                && !wrong_bucket;
            if is_undistorted && force && !dry_run {
                prop_assert!(ended.is_ok(), "{step:?}: {ended:?}");
                let in_flight = model.in_flight.iter().map(ToString::to_string);
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
fn store(
    emulated: &Emulated,
    model: &Model,
    distortion: Distortion,
    hours: i64,
    wrong_bucket: bool,
) -> Connection {
    let in_flight: HashSet<_> = model.in_flight.iter().map(ToString::to_string).collect();
    let table = emulated.options.users_table.clone();
    let (calls, batches) = (AtomicU32::new(0), AtomicU32::new(0));
    let change = move |request: &AwsRequest, answer: &mut AwsResponse| {
        if request.is_listing() {
            answer.shift(hours * 3_600, |key| if in_flight.contains(key) { 0 } else { -2 * DAY });
        }
        let is_first = request.call != "BatchGetItem" || batches.fetch_add(1, Ordering::SeqCst) == 0;
        distort(distortion, request, answer, &table, is_first);
    };
    let refuse = move |request: &AwsRequest| {
        let is_denied = distortion == Distortion::Denied
            && request.call == "GetItem"
            && !request.body.contains("#roster");
        if distortion == Distortion::Fails && calls.fetch_add(1, Ordering::SeqCst) % 5 == 4 {
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

fn distort(
    distortion: Distortion,
    request: &AwsRequest,
    answer: &mut AwsResponse,
    table: &str,
    is_first: bool,
) {
    let is_batch = request.call == "BatchGetItem";
    match distortion {
        Distortion::NoTable if is_batch => answer.set_text(r#"{"Responses":{},"UnprocessedKeys":{}}"#),
        Distortion::Arn if is_batch => {
            let arn = format!("\"arn:aws:dynamodb:eu-central-1:333333333333:table/{table}\"");
            answer.set_text(answer.text().replace(&format!("\"{table}\""), &arn));
        }
        Distortion::Forgets if is_batch => answer.set_text(format!(r#"{{"Responses":{{"{table}":[]}}}}"#)),
        Distortion::Unprocessed if is_batch && is_first => {
            let request: serde_json::Value = serde_json::from_str(&request.body).unwrap();
            let unprocessed =
                serde_json::json!({"Responses": {}, "UnprocessedKeys": request["RequestItems"]});
            answer.set_text(unprocessed.to_string());
        }
        Distortion::Undated if request.is_listing() => answer.date = None,
        Distortion::Truncated if request.is_listing() => {
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
async fn shown(emulated: &Emulated, model: &Model) -> HashSet<String> {
    let scanned = emulated.dynamodb.scan().table_name(&emulated.options.users_table).send().await.unwrap();
    let keys = scanned.items().iter().filter_map(|item| item.get("avatar_key")?.as_s().ok());
    let keys = keys.filter(|key| key.parse::<AvatarKey>().is_ok()).cloned();
    keys.chain(model.kept.iter().map(ToString::to_string)).collect()
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

//! Whatever AWS answers, a sweep removes no image that a user shows; and it removes every orphan that it
//! should.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    AvatarKey, Created, Error, Finding, Image, SweepPosition, SweepStage, Timestamp, UploadId,
    environment::WrongEnvironment,
};
use storage::{
    Connection,
    aws::Options as Stores,
    conformance::{inventory::findings, sample},
    retry::Retries,
    sweep::{Action, Options, SweepError},
};

use super::{
    changed::{AwsRequest, AwsResponse, changing, refusing},
    emulator::{Emulated, environment, open},
    sweep_fixture::{DAY, FakeQueue, options, run},
};

/// The store two days later, with responses changed by `change`.
fn changed(
    emulated: &Emulated,
    change: impl Fn(&AwsRequest, &mut AwsResponse) + Send + Sync + 'static,
) -> Connection {
    emulated.through(changing(move |request, answer| {
        if request.is_listing() {
            answer.shift(0, |_| -2 * DAY);
        }
        change(request, answer);
    }))
}

/// Sweeps; returns how it ended and what was done.
async fn swept(
    connection: &Connection,
    options: &Options,
) -> (Result<(), SweepError>, Vec<(Finding, Action)>) {
    let (ended, _, lines) = run(connection, &Arc::default(), options).await;
    (ended, lines)
}

fn removed(key: &AvatarKey) -> (Finding, Action) {
    (Finding::UnreferencedAvatar(key.to_string()), Action::Removed)
}

async fn put_item(emulated: &Emulated, attributes: &[(&str, AttributeValue)]) {
    let mut put = emulated.dynamodb.put_item().table_name(&emulated.options.users_table);
    for (name, value) in attributes {
        put = put.item(*name, value.clone());
    }
    put.send().await.unwrap();
}

fn text(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

#[tokio::test]
async fn only_old_orphans_are_removed() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let orphan = emulated.orphan("eve").await;
    let young = emulated.with(&emulated.options);
    assert_eq!(swept(&young, &options()).await.1, [], "it is of now");
    let old = emulated.two_days_later();
    let (ended, lines) = swept(&old, &options()).await;
    ended.unwrap();
    assert_eq!(lines[0], removed(&orphan));
    sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
    assert_eq!(emulated.objects().await, [sample::key(&ada).to_string()]);
}

/// The table and the bucket of two Rosters.
async fn mixed(environment: &str) -> (Emulated, Stores) {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    let table = format!("{}-2", emulated.options.users_table);
    let bucket = format!("{}-2", emulated.bucket());
    emulated.provision(&table, &bucket, environment).await;
    let options = Stores { users_table: table, ..emulated.options.clone() };
    (emulated, options)
}

#[tokio::test]
async fn with_the_bucket_of_another_environment_or_table_nothing_is_removed() {
    for (environment, words) in
        [("dev", "belongs to environment `test`, but table"), ("test", "belongs to table `users-")]
    {
        let (emulated, options_of_stores) = mixed(environment).await;
        let wrong = emulated.with(&options_of_stores);
        let force = Options { force: true, ..options() };
        let (ended, lines) = swept(&wrong, &force).await;
        let Err(SweepError::At { source: Error::WrongEnvironment(why), .. }) = ended else {
            panic!("{ended:?}")
        };
        assert!(why.to_string().contains(words), "{why}");
        assert_eq!((lines.len(), emulated.objects().await.len()), (0, 1));
        // Nor by a direct call.
        let found = [Finding::UnreferencedAvatar(emulated.objects().await.remove(0))];
        let refused = wrong.tools.inventory.unwrap().remove(&found).await;
        assert!(matches!(refused, Err(Error::WrongEnvironment(_))), "{refused:?}");
        assert_eq!(emulated.objects().await.len(), 1);
    }
}

#[tokio::test]
async fn a_bucket_without_a_marker_is_not_swept_until_it_is_claimed() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let orphan = emulated.orphan("eve").await;
    emulated.s3.delete_object().bucket(emulated.bucket()).key("roster.json").send().await.unwrap();
    let old = emulated.two_days_later();
    let (ended, _) = swept(&old, &Options { force: true, ..options() }).await;
    let Err(SweepError::At { source: Error::WrongEnvironment(why), .. }) = ended else { panic!("{ended:?}") };
    assert!(matches!(&why, WrongEnvironment::Unmarked { bucket } if bucket == emulated.bucket()), "{why:?}");
    assert!(why.to_string().contains("data apply`, or with `roster claim`"), "{why}");
    assert!(emulated.has(&orphan).await);

    emulated.tools.inventory.as_ref().unwrap().claim().await.unwrap();
    assert_eq!(swept(&old, &options()).await.1[0], removed(&orphan));
    sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_bucket_of_foreign_images_is_not_claimed() {
    let (emulated, options_of_stores) = mixed("test").await;
    emulated.s3.delete_object().bucket(emulated.bucket()).key("roster.json").send().await.unwrap();
    let refused = emulated.with(&options_of_stores).tools.inventory.unwrap().claim().await;
    let Err(Error::WrongEnvironment(why @ WrongEnvironment::ForeignImages { .. })) = refused else {
        panic!("{refused:?}")
    };
    assert!(why.to_string().contains("of the first 1 images"), "{why}");
    assert!(emulated.tools.inventory.as_ref().unwrap().claim().await.is_ok(), "by its own table it is");
}

#[tokio::test]
async fn a_scan_that_leaves_items_out_is_damage_and_removes_nothing() {
    for answer in ["{}", r#"{"Items":[],"Count":1,"ScannedCount":1}"#] {
        let emulated = open().await;
        let ada = sample::create_sample(&emulated.stores, "ada").await;
        let distorted = changed(&emulated, move |request, changed| {
            if request.call == "Scan" {
                changed.set_text(answer);
            }
        });
        let (ended, lines) = swept(&distorted, &Options { force: true, ..options() }).await;
        assert!(matches!(ended, Err(SweepError::At { source: Error::Damaged(_), .. })), "{ended:?}");
        assert_eq!(lines, []);
        sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
    }
}

#[tokio::test]
async fn a_batch_without_the_table_is_damage_and_removes_nothing() {
    for answer in [r#"{"Responses":{},"UnprocessedKeys":{}}"#, "{}", r#"{"Responses":{"others":[]}}"#] {
        let emulated = open().await;
        let ada = sample::create_sample(&emulated.stores, "ada").await;
        let distorted = changed(&emulated, move |request, changed| {
            if request.call == "BatchGetItem" {
                changed.set_text(answer);
            }
        });
        let (ended, lines) = swept(&distorted, &Options { force: true, ..options() }).await;
        assert!(matches!(ended, Err(SweepError::At { source: Error::Damaged(_), .. })), "{ended:?}");
        assert_eq!(lines, []);
        sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
    }
}

#[tokio::test]
async fn a_batch_that_names_the_table_by_its_arn_is_accepted() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let orphan = emulated.orphan("eve").await;
    let table = emulated.options.users_table.clone();
    let distorted = changed(&emulated, move |request, answer| {
        if request.call == "BatchGetItem" {
            let arn = format!("\"arn:aws:dynamodb:eu-central-1:333333333333:table/{table}\"");
            answer.set_text(answer.text().replace(&format!("\"{table}\""), &arn));
        }
    });
    assert_eq!(swept(&distorted, &options()).await.1[0], removed(&orphan));
    sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn a_batch_that_leaves_out_a_user_removes_nothing_since_each_is_read_again() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let table = emulated.options.users_table.clone();
    let distorted = changed(&emulated, move |request, answer| {
        if request.call == "BatchGetItem" {
            answer.set_text(format!(r#"{{"Responses":{{"{table}":[]}}}}"#));
        }
    });
    let (ended, lines) = swept(&distorted, &options()).await;
    ended.unwrap();
    assert_eq!(lines[0], (Finding::UnreferencedAvatar(sample::key(&ada).to_string()), Action::Kept));
    sample::assert_stored(&emulated.stores, &ada, &sample::image("image of ada")).await;
}

#[tokio::test]
async fn unprocessed_keys_of_a_batch_are_requested_again() {
    let emulated = open().await;
    let ada = sample::create_sample(&emulated.stores, "ada").await;
    let (table, is_first) = (emulated.options.users_table.clone(), AtomicBool::new(true));
    let id = ada.id.to_string();
    let busy = changed(&emulated, move |request, answer| {
        if request.call == "BatchGetItem" && is_first.swap(false, Ordering::SeqCst) {
            answer.set_text(format!(
                r#"{{"Responses":{{}},"UnprocessedKeys":{{"{table}":{{"Keys":[{{"id":{{"S":"{id}"}}}}]}}}}}}"#
            ));
        }
    });
    let (ended, lines) = swept(&busy, &options()).await;
    ended.unwrap();
    assert!(lines.iter().all(|(finding, _)| finding.orphan().is_none()), "{lines:?}");
}

#[tokio::test]
async fn keys_that_stay_unprocessed_end_a_sweep_which_removes_nothing() {
    let emulated = open().await;
    let orphan = emulated.orphan("eve").await;
    sample::create_sample(&emulated.stores, "ada").await;
    let is_first = AtomicBool::new(true);
    let overloaded = emulated.through(refusing(
        move |request| {
            (request.call == "BatchGetItem").then(|| {
                // From here on nothing is left but pauses.
                if is_first.swap(false, Ordering::SeqCst) {
                    tokio::time::pause();
                }
                let batch: serde_json::Value = serde_json::from_str(&request.body).unwrap();
                (200, format!(r#"{{"Responses":{{}},"UnprocessedKeys":{}}}"#, batch["RequestItems"]))
            })
        },
        |request, answer| {
            if request.is_listing() {
                answer.shift(0, |_| -2 * DAY);
            }
        },
    ));
    let once = Retries { tries: 1, ..options().retries };
    let (ended, lines) = swept(&overloaded, &Options { retries: once, ..options() }).await;
    tokio::time::resume();
    assert!(matches!(ended, Err(SweepError::At { source: Error::Throttled, .. })), "{ended:?}");
    assert_eq!((lines, emulated.has(&orphan).await), (Vec::new(), true));
}

#[tokio::test]
async fn an_upload_in_flight_is_kept_whatever_the_clock_skew() {
    for hours in [-30, -25, 25, 30] {
        let emulated = open().await;
        let in_flight = emulated.orphan("ada").await;
        // The clock of S3 is this far from that of this machine.
        let skewed = emulated.through(changing(move |request, answer| {
            if request.is_listing() {
                answer.shift(hours * 3_600, |_| 0);
            }
        }));
        let (ended, lines) = swept(&skewed, &Options { force: true, ..options() }).await;
        ended.unwrap();
        assert_eq!((lines, emulated.has(&in_flight).await), (Vec::new(), true), "{hours} h");
    }
}

#[tokio::test]
async fn an_inconsistent_listing_ends_a_sweep() {
    type Change = fn(&mut AwsResponse);
    let wrong: [(&str, Change); 4] = [
        ("no date", |answer| answer.date = None),
        ("an invalid date", |answer| answer.date = Some("yesterday".to_owned())),
        ("more after nothing", |answer| {
            answer.set_text("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>");
        }),
        ("keys that were not asked for", |answer| {
            answer.set_text(answer.text().replace("<Key>avatars/", "<Key>pictures/"));
        }),
    ];
    for (what, change) in wrong {
        let emulated = open().await;
        let orphan = emulated.orphan("eve").await;
        sample::create_sample(&emulated.stores, "ada").await;
        let distorted = changed(&emulated, move |request, answer| {
            if request.is_listing() {
                change(answer);
            }
        });
        let (ended, _) = swept(&distorted, &options()).await;
        assert!(matches!(ended, Err(SweepError::At { source: Error::Damaged(_), .. })), "{what}: {ended:?}");
        assert!(emulated.has(&orphan).await, "{what}");
    }
}

#[tokio::test]
async fn an_image_that_a_foreign_item_references_by_url_is_kept() {
    for (id, url) in [
        ("grace@example.org", "https://cdn.example.org/KEY"),
        ("1", "https://cdn.example.org/KEY?v=2"),
        ("2", "https://proxy.example.org/resize?url=https%3A%2F%2Fcdn.example.org%2FENCODED"),
        ("OWNER", "https://cdn.example.org/KEY"),
    ] {
        let emulated = open().await;
        sample::create_sample(&emulated.stores, "ada").await;
        let shown = emulated.orphan("grace").await;
        let key = shown.to_string();
        let url = url.replace("KEY", &key).replace("ENCODED", &key.replace('/', "%2F").replace('-', "%2D"));
        let id = id.replace("OWNER", &shown.user.to_string());
        let item = [
            ("id", id),
            ("name", "G".into()),
            ("email", "g@example.org".into()),
            ("avatar_url", url.clone()),
        ];
        put_item(&emulated, &item.map(|(name, value)| (name, text(value)))).await;
        let (ended, _) = swept(&emulated.two_days_later(), &Options { force: true, ..options() }).await;
        ended.unwrap();
        assert!(emulated.has(&shown).await, "{url}");
    }
}

#[tokio::test]
async fn an_invalid_item_keeps_its_user_s_images() {
    for value in [text("../grace"), AttributeValue::N("1".to_owned()), AttributeValue::L(Vec::new())] {
        let emulated = open().await;
        sample::create_sample(&emulated.stores, "ada").await;
        let image = emulated.orphan("grace").await;
        put_item(&emulated, &[("id", text(image.user.to_string())), ("avatar_key", value.clone())]).await;
        drop(swept(&emulated.two_days_later(), &Options { force: true, ..options() }).await);
        assert!(emulated.has(&image).await, "{value:?}");
    }
}

#[tokio::test]
async fn a_table_without_users_and_an_unlikely_share_are_refused_before_anything_is_removed() {
    let emulated = open().await;
    let orphan = emulated.orphan("eve").await;
    let old = emulated.two_days_later();
    for dry_run in [true, false] {
        let (ended, total, _) = run(&old, &Arc::default(), &Options { dry_run, ..options() }).await;
        ended.unwrap();
        assert!(!total.is_clean());
        let message = total.too_many[0].to_string();
        assert_eq!(message, "1 of 1 avatars are orphans, and the store has no users");
        assert!(emulated.has(&orphan).await);
    }
    sample::create_sample(&emulated.stores, "ada").await;
    for number in 0..100 {
        emulated.orphan(&format!("user{number}")).await;
    }
    let (ended, total, lines) = run(&old, &Arc::default(), &options()).await;
    ended.unwrap();
    assert_eq!(total.too_many[0].to_string(), "101 of 102 avatars are orphans, more than 100");
    assert_eq!((lines.len(), emulated.objects().await.len()), (0, 102));

    let (ended, total, _) = run(&old, &Arc::default(), &Options { force: true, ..options() }).await;
    ended.unwrap();
    assert_eq!((total.unreferenced_avatars, emulated.objects().await.len()), (101, 1));
}

#[tokio::test]
async fn an_object_that_cannot_be_removed_is_reported_and_blocks_no_other_removal() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    let mut orphans = [emulated.orphan("eve").await, emulated.orphan("mallory").await];
    orphans.sort_by_key(ToString::to_string);
    let stays = orphans[0];
    // S3 reports one object as deleted and the other as denied. The emulator removes both, which does not
    // matter here.
    let denied = stays.to_string();
    let partly = changed(&emulated, move |request, answer| {
        if request.call == "POST" {
            let text = answer.text().replace(
                &format!("<Deleted><Key>{denied}</Key></Deleted>"),
                &format!("<Error><Key>{denied}</Key><Code>AccessDenied</Code><Message>no</Message></Error>"),
            );
            answer.set_text(text);
        }
    });
    let (ended, total, lines) = run(&partly, &Arc::default(), &options()).await;
    ended.unwrap();
    let Action::Failed(why) = &lines[0].1 else { panic!("{lines:?}") };
    assert!(why.contains("denies"), "{why}");
    assert_eq!(lines[1], removed(&orphans[1]));
    assert_eq!((total.not_removed, total.unreferenced_avatars, total.is_clean()), (1, 1, false));

    // If no call succeeds, nothing is reported as removed.
    let orphan = emulated.orphan("trent").await;
    let none = emulated.through(refusing(
        |request| {
            (request.call == "POST").then(|| (403, "<Error><Code>AccessDenied</Code></Error>".to_owned()))
        },
        |request, answer| {
            if request.is_listing() {
                answer.shift(0, |_| -2 * DAY);
            }
        },
    ));
    let (_, total, lines) = run(&none, &Arc::default(), &options()).await;
    assert!(matches!(lines[0].1, Action::Failed(_)), "{lines:?}");
    assert_eq!((total.not_removed, total.unreferenced_avatars), (1, 0));
    assert!(emulated.has(&orphan).await);
}

#[tokio::test]
async fn a_stopped_sweep_reports_where_and_the_next_one_continues_there() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    let orphan = emulated.orphan("eve").await;
    let rendition = orphan.renditions().next().unwrap().to_string();
    emulated.put(&rendition).await;
    let fails = Arc::new(AtomicBool::new(true));
    let failing = fails.clone();
    let store = emulated.through(refusing(
        move |request| {
            // The last stage: each user's images are listed.
            let is_meant = request.is_listing()
                && request.uri.contains("prefix=avatars%2F")
                && request.uri.contains(".png");
            (is_meant && failing.load(Ordering::SeqCst)).then(|| (500, String::new()))
        },
        |request, answer| {
            if request.is_listing() {
                answer.shift(0, |_| -2 * DAY);
            }
        },
    ));
    let (ended, total, lines) = run(&store, &Arc::default(), &options()).await;
    let Err(SweepError::At { at, source: Error::Unavailable(_) }) = ended else { panic!("{ended:?}") };
    assert_eq!(at, SweepPosition { stage: SweepStage::Users, after: None });
    assert_eq!((lines.len(), total.unreferenced_avatars, total.unreferenced_renditions), (2, 1, 1));

    fails.store(false, Ordering::SeqCst);
    let again = emulated.orphan("mallory").await;
    let (ended, total, _) = run(&store, &Arc::default(), &Options { from: Some(at), ..options() }).await;
    ended.unwrap();
    assert_eq!(total.checked, 1, "the user alone");
    assert!(emulated.has(&again).await);
    let after = Some(again.to_string());
    let from = Some(SweepPosition { stage: SweepStage::Avatars, after });
    let (_, total, _) = run(&store, &Arc::default(), &Options { from, ..options() }).await;
    assert_eq!(total.unreferenced_avatars, 0, "it is done already");
}

#[tokio::test]
async fn a_throttled_call_does_not_end_a_sweep() {
    let emulated = open().await;
    sample::create_sample(&emulated.stores, "ada").await;
    let orphan = emulated.orphan("eve").await;
    let old = emulated.two_days_later();
    for call in ["aws.get_marker", "aws.scan", "aws.list_objects", "aws.batch_get_item", "aws.delete_objects"]
    {
        emulated.put(&orphan.to_string()).await;
        emulated.faults.set(&format!("{call}=throttled*1")).unwrap();
        let (ended, lines) = swept(&old, &options()).await;
        ended.unwrap();
        assert_eq!(lines[0], removed(&orphan), "{call}");
    }
}

#[tokio::test]
async fn an_image_that_has_a_dead_letter_is_not_sent_again() {
    let emulated = open().await;
    let ada = sample::key(&sample::create_sample(&emulated.stores, "ada").await);
    let bob = sample::key(&sample::create_sample(&emulated.stores, "bob").await);
    let letters = Arc::new(FakeQueue::default());
    let key = ada.to_string().replace('/', "%2F");
    let notification = format!(r#"{{"Records":[{{"s3":{{"object":{{"key":"{key}"}}}}}}]}}"#);
    *letters.dead.lock().unwrap() = vec!["nonsense".to_owned(), notification];
    let mut grace = options();
    grace.grace.orphan = std::time::Duration::ZERO;
    let (ended, total, mut lines) = run(&emulated.with(&emulated.options), &letters, &grace).await;
    ended.unwrap();
    lines.sort_by_key(|(finding, _)| *finding == Finding::MissingRenditions(bob));
    let dead = (Finding::MissingRenditions(ada), Action::DeadLetter);
    assert_eq!(lines, [dead, (Finding::MissingRenditions(bob), Action::Queued)]);
    assert_eq!((total.missing_renditions, total.dead_letters), (2, 1));
    assert_eq!(*letters.sent.lock().unwrap(), [bob]);
}

#[tokio::test]
async fn a_missing_image_is_reported_after_a_minute_though_orphans_have_a_day() {
    let emulated = open().await;
    for (minutes, missing) in [(0, 0), (2, 1)] {
        let mut bytes = *UploadId::new().as_bytes();
        let made_at = Timestamp::now().as_millisecond() - minutes * 60_000;
        bytes[..6].copy_from_slice(&made_at.to_be_bytes()[2..]);
        let key =
            AvatarKey { upload: UploadId::from_bytes(bytes), ..sample::key(&sample::new_user("ada").user()) };
        let id = text(key.user.to_string());
        put_item(&emulated, &[("id", id), ("avatar_key", text(key.to_string()))]).await;
        let (ended, total, _) = run(&emulated.with(&emulated.options), &Arc::default(), &options()).await;
        ended.unwrap();
        assert_eq!((total.missing_images, total.is_clean()), (missing, missing == 0), "{minutes} min");
    }
}

#[tokio::test]
async fn an_image_that_is_referenced_before_its_removal_is_kept() {
    let emulated = open().await;
    let image = emulated.orphan("grace").await;
    let found = findings(&emulated.tools).await;
    assert_eq!(found, [Finding::UnreferencedAvatar(image.to_string())]);
    put_item(&emulated, &[("id", text(image.user.to_string())), ("avatar_key", text(image.to_string()))])
        .await;
    let removals = emulated.tools.inventory.as_ref().unwrap().remove(&found).await.unwrap();
    assert_eq!((removals, emulated.has(&image).await), (vec![domain::Removal::Kept], true));
}

/// The store, and whether an object was put through it.
fn watched(emulated: &Emulated) -> (Connection, Arc<AtomicBool>) {
    let is_put = Arc::new(AtomicBool::new(false));
    let seen = is_put.clone();
    let connection = emulated.through(changing(move |request, _| {
        if request.call == "PUT" {
            seen.store(true, Ordering::SeqCst);
        }
    }));
    (connection, is_put)
}

/// Pauses a write for an hour after it put its object, and a sweep removes that object meanwhile.
async fn frozen(
    emulated: &Emulated,
    is_put: &AtomicBool,
    write: impl Future<Output = domain::User> + Send + 'static,
) -> domain::User {
    let before = emulated.objects().await;
    let write = tokio::spawn(write);
    // Once S3 has answered, the write goes on to its fault without waiting for anything.
    while !is_put.load(Ordering::SeqCst) {
        tokio::task::yield_now().await;
    }
    let put = emulated.objects().await.into_iter().find(|key| !before.contains(key)).unwrap();
    emulated.s3.delete_object().bucket(emulated.bucket()).key(put).send().await.unwrap();
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_hours(1)).await;
    tokio::time::resume();
    write.await.unwrap()
}

async fn assert_shown(emulated: &Emulated, user: &domain::User, image: &Image) {
    sample::assert_stored(&emulated.stores, user, image).await;
    assert_eq!(emulated.objects().await, [sample::key(user).to_string()]);
}

#[tokio::test]
async fn a_write_that_paused_while_its_object_was_swept_leaves_its_user_with_an_image() {
    let emulated = open().await;
    emulated.faults.set("aws.put_item=slow:3000s*1").unwrap();
    let (connection, is_put) = watched(&emulated);
    let users = connection.stores.users.clone();
    let created = frozen(&emulated, &is_put, async move {
        let Created::Now(user) = users.create(sample::new_user("ada")).await.unwrap() else {
            panic!("before")
        };
        user
    });
    let ada = created.await;
    assert_shown(&emulated, &ada, &sample::image("image of ada")).await;

    emulated.faults.set("aws.update_item=slow:3000s*1").unwrap();
    let (connection, is_put) = watched(&emulated);
    let (users, read) = (connection.stores.users.clone(), ada.clone());
    let replaced = frozen(&emulated, &is_put, async move {
        users.replace_avatar(&read, sample::avatar("new"), sample::time(1)).await.unwrap()
    });
    assert_shown(&emulated, &replaced.await, &sample::image("new")).await;
}

#[tokio::test]
async fn the_marker_of_a_bucket_belongs_to_its_table() {
    let emulated = open().await;
    let object = emulated.s3.get_object().bucket(emulated.bucket()).key("roster.json").send().await.unwrap();
    let text = object.body.collect().await.unwrap().to_vec();
    let expected =
        format!(r#"{{"environment":"{}","table":"{}"}}"#, environment(), emulated.options.users_table);
    assert_eq!(String::from_utf8(text).unwrap(), expected);
}

//! The environment guard, on both kinds of store.

use std::time::{Duration, Instant};

use domain::{Environment, Error, environment::WrongEnvironment};
use storage::{Boundary, conformance::sample};

use super::{
    changed::{AwsRequest, refusing},
    emulator::{Emulated, environment, open},
};

fn named(name: &str) -> Environment {
    name.parse().unwrap()
}

#[tokio::test]
async fn the_store_of_another_environment_is_not_touched() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let (stores, guard) = emulated.guarded(Some("prod"));
    let wrong = WrongEnvironment::Store { process: named("prod"), store: environment() };
    for answer in [
        guard.pass().await,
        stores.users.create(sample::new_user("bob")).await.map(drop),
        stores.users.get(&user.id).await.map(drop),
        stores.users.find(&domain::EmailHash::Md5(domain::Md5::of(&user.email))).await.map(drop),
        stores.users.list(None, 1).await.map(drop),
        stores.users.rename(&user, sample::name("New"), sample::time(1)).await.map(drop),
        stores.users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await.map(drop),
        stores.users.delete(&user).await,
        stores.avatars.read(&sample::key(&user)).await.map(drop),
        stores.health.check().await.map(drop),
    ] {
        assert!(matches!(&answer, Err(Error::WrongEnvironment(why)) if *why == wrong), "{answer:?}");
    }
    sample::assert_stored(&emulated.stores, &user, &sample::image("image of ada")).await;
    assert_eq!(emulated.objects().await.len(), 1);
}

#[tokio::test]
async fn the_right_environment_passes_and_is_checked_once() {
    let emulated = open().await;
    let faults = storage::Faults::default();
    let boundary = Boundary { expected: Some(environment()), faults: faults.clone(), observer: None };
    let (stores, _, guard) = boundary.around(emulated.stores.clone(), emulated.tools.clone());
    sample::create_sample(&stores, "ada").await;
    // It is not asked again: this would fail.
    faults.set("health.check=unavailable").unwrap();
    guard.pass().await.unwrap();
    sample::create_sample(&stores, "bob").await;
}

#[tokio::test]
async fn an_unavailable_store_is_checked_again_and_refuses_calls_until_then() {
    let emulated = open().await;
    let (stores, guard) = emulated.guarded(Some("test"));
    emulated.faults.set("aws.get_item=unavailable*2").unwrap();
    assert!(matches!(guard.pass().await, Err(Error::Unavailable(_))));
    let refused = stores.users.create(sample::new_user("ada")).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!((emulated.items().await, emulated.objects().await.len()), (0, 0));
    // It is not asked again at once, so that waiting callers do not each wait for an answer of their own.
    let deadline = Instant::now() + Duration::from_mins(1);
    while guard.pass().await.is_err() {
        assert!(Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    sample::create_sample(&stores, "ada").await;
}

#[tokio::test]
async fn a_shared_store_is_not_used_by_a_process_without_an_environment() {
    let emulated = open().await;
    let (stores, _) = emulated.guarded(None);
    let refused = stores.users.list(None, 1).await.map(drop);
    assert!(matches!(refused, Err(Error::WrongEnvironment(WrongEnvironment::NotConfigured))), "{refused:?}");
}

#[tokio::test]
async fn a_shared_store_that_names_no_environment_is_not_used() {
    let emulated = open().await;
    let sentinel = aws_sdk_dynamodb::types::AttributeValue::S("#roster".to_owned());
    let delete = emulated.dynamodb.delete_item().table_name(&emulated.options.users_table);
    delete.key("id", sentinel).send().await.unwrap();
    let (_, guard) = emulated.guarded(Some("prod"));
    let refused = guard.pass().await;
    assert!(
        matches!(refused, Err(Error::WrongEnvironment(WrongEnvironment::StoreUnnamed { .. }))),
        "{refused:?}"
    );
}

async fn mark(emulated: &Emulated, text: &str) {
    let put = emulated.s3.put_object().bucket(emulated.bucket()).key("roster.json");
    put.body(text.to_owned().into_bytes().into()).send().await.unwrap();
}

#[tokio::test]
async fn the_bucket_of_another_environment_or_table_is_not_used() {
    for (text, words) in [
        (r#"{"environment": "prod", "table": "TABLE"}"#, "belongs to environment `prod`, but table"),
        (r#"{"environment": "test", "table": "others"}"#, "belongs to table `others`"),
    ] {
        let emulated = open().await;
        mark(&emulated, &text.replace("TABLE", &emulated.options.users_table)).await;
        let (stores, guard) = emulated.guarded(Some("test"));
        for refused in [
            guard.pass().await,
            stores.users.create(sample::new_user("ada")).await.map(drop),
            stores.health.check().await.map(drop),
        ] {
            let Err(Error::WrongEnvironment(why)) = refused else { panic!("{refused:?}") };
            assert!(why.to_string().contains(words), "{why}");
        }
        assert!(guard.wrong().await.to_string().contains(words), "it ends the process");
        assert_eq!((emulated.items().await, emulated.objects().await.len()), (0, 0));
    }
}

#[tokio::test]
async fn a_bucket_matches_its_table_by_name_and_by_arn_and_one_without_a_marker_is_served() {
    let emulated = open().await;
    let arn = format!("arn:aws:dynamodb:eu-central-1:333333333333:table/{}", emulated.options.users_table);
    mark(&emulated, &format!(r#"{{"environment": "test", "table": "{arn}", "more": []}}"#)).await;
    let (stores, _) = emulated.guarded(Some("test"));
    sample::create_sample(&stores, "ada").await;
    emulated.s3.delete_object().bucket(emulated.bucket()).key("roster.json").send().await.unwrap();
    let (stores, _) = emulated.guarded(Some("test"));
    sample::create_sample(&stores, "bob").await;
}

#[tokio::test]
async fn once_the_bucket_is_known_its_errors_are_not_those_of_the_store() {
    let emulated = open().await;
    let (stores, guard) = emulated.guarded(Some("test"));
    guard.pass().await.unwrap();
    emulated.faults.set("aws.get_marker=fail").unwrap();
    stores.health.check().await.unwrap();
    // Removing objects checks again.
    let confirmed = emulated.tools.inventory.as_ref().unwrap().confirm().await;
    assert!(matches!(confirmed, Err(Error::Unavailable(_))), "{confirmed:?}");
}

#[tokio::test]
async fn a_bucket_whose_marker_cannot_be_read_is_not_used_yet() {
    let emulated = open().await;
    mark(&emulated, "test").await;
    let (_, guard) = emulated.guarded(Some("test"));
    let Err(error @ Error::Unavailable(_)) = guard.pass().await else { panic!("no marker") };
    assert!(error.reason().contains("roster.json of bucket avatars-"), "{}", error.reason());

    let denied = |request: &AwsRequest| {
        let body = "<Error><Code>AccessDenied</Code></Error>".to_owned();
        request.uri.contains("roster.json").then_some((403, body))
    };
    let connection = emulated.through(refusing(denied, |_, _| {}));
    let boundary = Boundary { expected: Some(environment()), ..Boundary::default() };
    let (stores, _, guard) = boundary.around(connection.stores, connection.tools);
    let Err(error @ Error::Unavailable(_)) = guard.pass().await else { panic!("denied") };
    assert!(error.reason().contains("/roster.json: AWS denies this role"), "{}", error.reason());
    let refused = stores.users.create(sample::new_user("ada")).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
    assert_eq!((emulated.items().await, emulated.objects().await.len()), (0, 0));
}

#[tokio::test]
async fn a_store_that_changes_environment_is_refused_for_good() {
    let emulated = open().await;
    let (stores, guard) = emulated.guarded(Some("test"));
    guard.pass().await.unwrap();
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let name = async |environment: &str| {
        let put = emulated.dynamodb.put_item().table_name(&emulated.options.users_table);
        put.item("id", text("#roster")).item("environment", text(environment)).send().await.unwrap();
    };
    name("prod").await;
    assert!(matches!(stores.health.check().await, Err(Error::WrongEnvironment(_))));
    name("test").await;
    for refused in [
        stores.users.create(sample::new_user("ada")).await.map(drop),
        stores.health.check().await.map(drop),
        guard.pass().await,
    ] {
        assert!(matches!(refused, Err(Error::WrongEnvironment(_))), "{refused:?}");
    }
    guard.wrong().await;
}

#[tokio::test]
async fn a_file_keeps_the_environment_it_was_made_for_and_one_that_names_none_passes() {
    for (made_for, served_in, passes) in [
        (Some("prod"), Some("prod"), true),
        (Some("prod"), Some("beta"), false),
        (Some("prod"), None, true),
        (None, Some("prod"), true),
        (None, None, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let config = storage::Config::Sqlite(crate::fixture::options(&folder));
        let boundary =
            |environment: Option<&str>| Boundary { expected: environment.map(named), ..Boundary::default() };
        storage::connect(&config, boundary(made_for)).await.unwrap().close().await;
        let opened = storage::connect(&config, boundary(served_in)).await;
        assert_eq!(opened.is_ok(), passes, "{made_for:?} {served_in:?}");
        // A data tool changes nothing by opening it, and the guard checks all the same.
        drop(opened);
        let tool = storage::connect_tool(&config, boundary(served_in)).await.unwrap();
        assert_eq!(tool.guard.pass().await.is_ok(), passes, "{made_for:?} {served_in:?}");
        assert_eq!(tool.stores.users.list(None, 1).await.is_ok(), passes);
        let tool = storage::connect_tool(&config, boundary(made_for)).await.unwrap();
        assert_eq!(tool.stores.health.check().await.unwrap(), made_for.map(named));
    }
}

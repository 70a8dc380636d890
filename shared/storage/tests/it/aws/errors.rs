//! Errors of AWS, as the caller of a port gets them.

use std::{pin::Pin, time::Duration};

use domain::{Error, Stores, UserId};
use storage::{aws::Options, conformance::sample};

use super::emulator::{Emulated, open};

/// The same stores, on an AWS that always returns this.
fn answering(emulated: &Emulated, status: u16, body: &'static str) -> Stores {
    emulated.through(emulator::answering(move |_| Some((status, body)))).stores
}

/// Outermost first, as the log has it.
fn chain(error: &dyn std::error::Error) -> String {
    let source = error.source().map(chain);
    source.map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

const UNKNOWN_USER: UserId = UserId::from_bytes([7; 32]);

#[tokio::test(start_paused = true)]
async fn each_error_of_the_table_is_reported_with_a_hint() {
    let emulated = open().await;
    for (status, body, hint) in [
        (400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}"#, "does not exist"),
        (400, r#"{"__type":"com.amazon.coral.service#AccessDeniedException"}"#, "denies this role"),
        (400, r#"{"__type":"com.amazon.coral.service#ExpiredTokenException"}"#, "credentials"),
        (400, r#"{"__type":"com.amazon.coral.service#UnrecognizedClientException"}"#, "credentials"),
        (400, r#"{"__type":"com.amazon.coral.service#InvalidSignatureException"}"#, "this clock is wrong"),
        (
            500,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}"#,
            "AWS returned a server error",
        ),
        (502, "<html>bad gateway</html>", "AWS returned a server error"),
        (200, "this is not JSON", "unreadable response"),
    ] {
        let stores = answering(&emulated, status, body);
        for answer in [
            stores.users.get(&UNKNOWN_USER).await.map(drop),
            stores.users.list(None, 1).await.map(drop),
            stores.health.check().await.map(drop),
        ] {
            let Err(error @ Error::Unavailable(_)) = answer else { panic!("{body}: {answer:?}") };
            assert!(chain(&error).contains(hint), "{body}: {}", chain(&error));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_missing_queue_is_reported_by_its_url() {
    let emulated = open().await;
    let url = "http://queue.example.org/events".to_owned();
    let options = Options {
        events_queue_url: Some(url.clone()),
        dead_letters_url: Some(url),
        ..emulated.options.clone()
    };
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist"}"#;
    let http = emulator::answering(move |_| Some((400, body)));
    let queue = emulated.through_with(http, &options).tools.queue.unwrap();
    let Err(error @ Error::Unavailable(_)) = queue.receive(1).await else { panic!("no queue") };
    let message = chain(&error);
    assert!(message.contains("http://queue.example.org/events: the queue does not exist"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_throttled_read_is_throttled_and_a_throttled_write_has_an_unknown_outcome() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}"#;
    let stores = answering(&emulated, 400, body);
    assert!(matches!(stores.users.get(&user.id).await, Err(Error::Throttled)));
    let write = stores.users.rename(&user, sample::name("New"), sample::time(1)).await;
    assert!(matches!(write, Err(Error::Unavailable(_))), "{write:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invalid_request_to_the_table_is_a_defect() {
    let emulated = open().await;
    let stores = answering(&emulated, 400, r#"{"__type":"com.amazon.coral.validate#ValidationException"}"#);
    assert!(matches!(stores.users.get(&UNKNOWN_USER).await, Err(Error::Damaged(_))));
}

#[tokio::test(start_paused = true)]
async fn only_a_missing_object_is_not_found_and_a_denied_role_never_looks_like_one() {
    let emulated = open().await;
    let user = sample::new_user("ada").user();
    for (status, code, hint) in [
        (403, "AccessDenied", "s3:ListBucket"),
        (404, "NoSuchBucket", "does not exist"),
        (301, "PermanentRedirect", "another region"),
        (400, "AuthorizationHeaderMalformed", "another region"),
        (400, "ExpiredToken", "credentials"),
        (403, "SignatureDoesNotMatch", "credentials"),
    ] {
        let body: &'static str = format!("<Error><Code>{code}</Code><Message>m</Message></Error>").leak();
        let answer = answering(&emulated, status, body).avatars.read(&sample::key(&user)).await;
        let Err(error @ Error::Unavailable(_)) = answer else { panic!("{code}: {answer:?}") };
        assert!(chain(&error).contains(hint), "{code}: {}", chain(&error));
    }
    let missing = answering(&emulated, 404, "<Error><Code>NoSuchKey</Code></Error>");
    assert!(matches!(missing.avatars.read(&sample::key(&user)).await, Err(Error::NotFound)));
    let slow_down = answering(&emulated, 503, "<Error><Code>SlowDown</Code></Error>");
    assert!(matches!(slow_down.avatars.read(&sample::key(&user)).await, Err(Error::Throttled)));
}

#[tokio::test]
async fn calls_to_an_unresponsive_aws_end_within_the_time_for_a_response() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    tokio::time::pause();
    let stores = emulated.through(emulator::answering(|_| None)).stores;
    let calls: [BoxFuture<'_, Result<(), Error>>; 6] = [
        Box::pin(async { stores.users.get(&user.id).await.map(drop) }),
        Box::pin(async { stores.avatars.read(&sample::key(&user)).await.map(drop) }),
        Box::pin(async { stores.users.rename(&user, sample::name("New"), sample::time(1)).await.map(drop) }),
        Box::pin(async { stores.users.create(sample::new_user("bob")).await.map(drop) }),
        Box::pin(async {
            stores.users.replace_avatar(&user, sample::avatar("new"), sample::time(1)).await.map(drop)
        }),
        Box::pin(async { stores.users.delete(&user).await }),
    ];
    for call in calls {
        let began = tokio::time::Instant::now();
        let answer = call.await;
        let Err(error @ Error::Unavailable(_)) = answer else { panic!("{answer:?}") };
        assert!(chain(&error).contains("did not respond in time"), "{}", chain(&error));
        // The clock of the test advances only by waiting. A response may take 20 s.
        assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
    }
}

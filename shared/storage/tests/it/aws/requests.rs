//! Requests to AWS, word for word.

use std::sync::{Arc, Mutex};

use aws_config::SdkConfig;
use domain::{Error, Md5, Stores, UserId};
use emulator::Endpoints;
use storage::{
    Faults,
    aws::Options,
    conformance::{open_aws, sample},
};

const FOUND: &str =
    r#"{"Items":[{"id":{"S":"0707070707070707070707070707070707070707070707070707070707070707"}}]}"#;
const BUCKET: &str = "pictures";

/// A request as AWS got it.
#[derive(Debug)]
struct AwsRequest {
    call: String,
    uri: String,
    body: String,
}

/// Stores on an AWS with fixed answers, and the requests that it received.
fn recording(
    config: &SdkConfig,
    answer: impl Fn(&str) -> (u16, &'static str) + Send + Sync + 'static,
) -> (Stores, Arc<Mutex<Vec<AwsRequest>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = requests.clone();
    let http = emulator::answering(move |request| {
        let call = emulator::call_of(request).to_owned();
        let answer = answer(&call);
        let body = String::from_utf8(request.body().bytes().unwrap_or_default().to_owned()).unwrap();
        seen.lock().unwrap().push(AwsRequest { call, uri: request.uri().to_owned(), body });
        Some(answer)
    });
    let options = Options {
        users_table: "users".to_owned(),
        avatars_bucket: Some(BUCKET.to_owned()),
        uploads_bucket: None,
        events_queue_url: None,
        dead_letters_url: None,
        links: domain::Links::default(),
    };
    let config = config.clone().into_builder().http_client(http).build();
    (open_aws(&options, &config, Faults::default()).stores, requests)
}

/// The endpoint of AWS for these tests: nothing listens there.
fn endpoints() -> SdkConfig {
    let nowhere = "http://aws.test".to_owned();
    Endpoints { dynamodb: nowhere.clone(), s3: nowhere, sqs: None }.config()
}

/// An empty table.
const NO_ITEMS: &str = r#"{"Items":[],"Count":0,"ScannedCount":0}"#;

#[tokio::test]
async fn every_read_of_an_item_is_consistent() {
    let (stores, requests) = recording(&endpoints(), |call| match call {
        // An index has no consistent reads; it returns only the id.
        "Query" => (200, FOUND),
        "Scan" => (200, NO_ITEMS),
        "GET" => (404, "<Error><Code>NoSuchKey</Code></Error>"),
        // The current item is not returned.
        "UpdateItem" => {
            (400, r#"{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}"#)
        }
        _ => (200, "{}"),
    });
    let user = sample::new_user("ada").user();
    let renamed = stores.users.rename(&user, sample::name("New"), sample::time(1)).await.map(drop);
    for answer in [
        stores.users.get(&user.id).await.map(drop),
        stores.users.find(&domain::EmailHash::Md5(Md5::of(&user.email))).await.map(drop),
        renamed,
    ] {
        assert!(matches!(answer, Err(Error::NotFound)), "{answer:?}");
    }
    assert_eq!(stores.users.list(None, 1).await.unwrap().users().len(), 0);
    assert_eq!(stores.health.check().await.unwrap(), None);

    let requests = requests.lock().unwrap();
    let reads: Vec<_> =
        requests.iter().filter(|request| ["GetItem", "Scan"].contains(&request.call.as_str())).collect();
    assert_eq!(reads.len(), 5, "{requests:?}");
    for read in reads {
        assert!(read.body.contains(r#""ConsistentRead":true"#), "{read:?}");
    }
}

#[tokio::test]
async fn a_listing_requests_only_what_it_shows() {
    let (stores, requests) = recording(&endpoints(), |_| (200, NO_ITEMS));
    stores.users.list(None, 7).await.unwrap();
    let requests = requests.lock().unwrap();
    let [scan] = requests.as_slice() else { panic!("{requests:?}") };
    for part in [r##""ProjectionExpression":"#id, #name, #email, #url, #key""##, r#""Limit":7"#] {
        assert!(scan.body.contains(part), "{part}: {scan:?}");
    }
}

#[tokio::test]
async fn a_bucket_is_a_host_on_aws_and_a_folder_where_an_endpoint_is_set() {
    let mut on_aws = endpoints().into_builder();
    on_aws.set_service_config(None::<Endpoints>);
    let on_aws = on_aws.build();
    let everything_at = on_aws.clone().into_builder().endpoint_url("http://aws.test").build();
    for (config, expected) in [
        (on_aws, "https://pictures.s3.eu-central-1.amazonaws.com/avatars/"),
        (everything_at, "http://aws.test/pictures/avatars/"),
        (endpoints(), "http://aws.test/pictures/avatars/"),
    ] {
        let (stores, requests) = recording(&config, |_| (404, "<Error><Code>NoSuchKey</Code></Error>"));
        let key = sample::key(&sample::new_user("ada").user());
        assert!(matches!(stores.avatars.read(&key).await, Err(Error::NotFound)));
        let requests = requests.lock().unwrap();
        assert!(requests[0].uri.starts_with(expected), "{expected}: {requests:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_call_is_tried_three_times_and_no_more() {
    let (stores, requests) = recording(&endpoints(), |call| match call {
        "GET" => (503, "<Error><Code>SlowDown</Code></Error>"),
        _ => (400, r#"{"__type":"com.amazon.coral.availability#ThrottlingException"}"#),
    });
    let key = sample::key(&sample::new_user("ada").user());
    assert!(matches!(stores.users.get(&UserId::from_bytes([7; 32])).await, Err(Error::Throttled)));
    assert!(matches!(stores.avatars.read(&key).await, Err(Error::Throttled)));
    let requests = requests.lock().unwrap();
    let calls: Vec<_> = requests.iter().map(|request| request.call.as_str()).collect();
    assert_eq!(calls, ["GetItem", "GetItem", "GetItem", "GET", "GET", "GET"]);
}

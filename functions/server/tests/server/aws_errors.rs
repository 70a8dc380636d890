//! What clients, probes and operators see of each AWS error.

use emulator::{Endpoints, answering, call_of};
use runtime::Telemetry;
use storage::{Faults, aws::Options, conformance::open_aws};

use crate::support::{Answer, Settings, TestApp, form::Form, pictures};

/// Status and body of the AWS response; `None` if AWS does not answer.
type AwsResponse = Option<(u16, &'static str)>;

/// A Roster on AWS whose table and bucket always answer this. The bucket has no marker; that is read once,
/// before any error.
fn on_aws(table: AwsResponse, bucket: AwsResponse) -> TestApp {
    let http = answering(move |request| match call_of(request) {
        "GET" if request.uri().contains("roster.json") => {
            Some((404, "<Error><Code>NoSuchKey</Code></Error>"))
        }
        "GET" | "PUT" | "DELETE" => bucket,
        _ => table,
    });
    let nowhere = "http://aws.test".to_owned();
    let config = Endpoints { dynamodb: nowhere.clone(), s3: nowhere, sqs: None }.config();
    let options = Options {
        users_table: "users".to_owned(),
        avatars_bucket: Some("avatars".to_owned()),
        uploads_bucket: None,
        events_queue_url: None,
        dead_letters_url: None,
        links: domain::Links::default(),
    };
    let config = config.into_builder().http_client(http).build();
    let connection = open_aws(&options, &config, Faults::default());
    TestApp::on_connection(connection, Faults::default(), Telemetry::for_server(None), Settings::default())
}

async fn create(app: &TestApp) -> Answer {
    app.post(Form::user("Ada", "ada@example.org", &pictures::small_jpeg())).await
}

/// The answer of `/readyz`: HTTP status, overall state, and state of the store.
async fn readiness(app: &TestApp) -> (u16, String, String) {
    let answer = app.get("/readyz").await;
    let body = answer.json();
    let text_of = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    assert_eq!(body["dependencies"][0]["name"], "dynamodb");
    (answer.status.as_u16(), text_of(&body["status"]), text_of(&body["dependencies"][0]["status"]))
}

#[tokio::test(start_paused = true)]
async fn each_table_error_has_its_response_readiness_and_log() {
    const HEALTHY: AwsResponse = Some((200, ""));
    for (table, (status, kind), log) in [
        (
            Some((400, r#"{"__type":"dynamodb#ProvisionedThroughputExceededException"}"#)),
            (503, "busy"),
            "throttled",
        ),
        (None, (503, "unavailable"), "AWS did not respond in time"),
        (
            Some((400, r#"{"__type":"coral#AccessDeniedException"}"#)),
            (503, "unavailable"),
            "users: AWS denies this role",
        ),
        (
            Some((400, r#"{"__type":"dynamodb#ResourceNotFoundException"}"#)),
            (503, "unavailable"),
            "users: the table does not exist in this account and region",
        ),
        (
            Some((400, r#"{"__type":"coral#ExpiredTokenException"}"#)),
            (503, "unavailable"),
            "rejects the credentials: they have expired",
        ),
        (
            Some((500, r#"{"__type":"dynamodb#InternalServerError"}"#)),
            (503, "unavailable"),
            "AWS returned a server error",
        ),
        (Some((400, r#"{"__type":"coral#ValidationException"}"#)), (500, "internal"), "ValidationException"),
    ] {
        let app = on_aws(table, HEALTHY);
        for path in ["/users", &format!("/users/{}", "0".repeat(64))] {
            app.get(path).await.is(status, kind).is_logged_with(log);
        }
        // A write may have succeeded, however it was throttled or cut off.
        if status == 503 {
            create(&app).await.is(503, "unavailable").is_logged_with(log);
        }
        let expected = (200, "degraded".to_owned(), "down".to_owned());
        assert_eq!(readiness(&app).await, expected, "{log}");
    }
}

/// Lists leave it out (`aws_answers`).
#[tokio::test(start_paused = true)]
async fn an_item_that_is_damaged_is_an_internal_error_by_itself() {
    let app = on_aws(Some((200, r#"{"Item": {"id": {"S": "1"}}}"#)), Some((200, "")));
    let answer = app.get(&format!("/users/{}", "0".repeat(64))).await;
    answer.is(500, "internal").is_logged_with("of an item is missing or invalid");
    assert_eq!(readiness(&app).await, (200, "degraded".to_owned(), "down".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn each_bucket_error_has_its_response_and_log_and_leaves_the_instance_ready() {
    const HEALTHY: AwsResponse = Some((200, "{}"));
    let path = format!("/avatars/{}/01a1fead-27e1-7117-89ea-4a83108ba05c.jpg", "0".repeat(64));
    for (bucket, kind, log) in [
        (Some((503, "<Error><Code>SlowDown</Code></Error>")), "busy", "throttled"),
        (None, "unavailable", "AWS did not respond in time"),
        (
            Some((403, "<Error><Code>AccessDenied</Code></Error>")),
            "unavailable",
            "avatars: AWS denies this role",
        ),
        (
            Some((404, "<Error><Code>NoSuchBucket</Code></Error>")),
            "unavailable",
            "avatars: the bucket does not exist",
        ),
        (
            Some((301, "<Error><Code>PermanentRedirect</Code></Error>")),
            "unavailable",
            "the bucket is in another region",
        ),
        (
            Some((400, "<Error><Code>AuthorizationHeaderMalformed</Code></Error>")),
            "unavailable",
            "the bucket is in another region",
        ),
        (
            Some((400, "<Error><Code>ExpiredToken</Code></Error>")),
            "unavailable",
            "rejects the credentials: they have expired",
        ),
    ] {
        let app = on_aws(HEALTHY, bucket);
        app.get(&path).await.is(503, kind).is_logged_with(log);
        create(&app).await.is(503, "unavailable").is_logged_with(log);
        let expected = (200, "ready".to_owned(), "up".to_owned());
        assert_eq!(readiness(&app).await, expected, "{log}");
    }
}

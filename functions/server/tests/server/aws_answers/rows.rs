//! The list.

use std::time::Duration;

use domain::UserId;
use emulator::{AwsAnswer, AwsRequest, Reply};
use serde_json::{Value, json};
use storage::conformance::sample;

use super::stage::{message, run};

/// An answer of AWS, and what becomes of it.
pub(super) struct Row {
    /// Of the test.
    pub(super) name: &'static str,
    /// Service and call.
    pub(super) call: &'static str,
    /// In words.
    pub(super) answer: &'static str,
    /// The document of AWS that has it.
    pub(super) aws: &'static str,
    /// What is done.
    pub(super) act: Act,
    /// The status that a client sees; for a worker, what becomes of its event; for a command, how it ends.
    pub(super) outcome: &'static str,
    /// A part of the log; empty if no line warns.
    pub(super) log: &'static str,
    /// What the proxy does with a request, and how many there were of its kind before.
    pub(super) reply: fn(&AwsRequest, u32) -> Reply,
}

/// What is done with a Roster that has one user.
#[derive(Clone, Copy)]
pub(super) enum Act {
    /// `GET /users`.
    List,
    /// `GET /users/{id}`.
    Get,
    /// `POST /user`, of another user.
    Create,
    /// `PATCH /users/{id}`.
    Rename,
    /// `PUT /users/{id}/avatar`.
    PutAvatar,
    /// `DELETE /users/{id}`.
    Delete,
    /// `GET /avatars/{id}/{upload}.jpg`.
    Image,
    /// The same, of an image that is sent in pieces.
    LargeImage,
    /// `GET /avatar/{md5}`.
    Libravatar,
    /// `POST /uploads`.
    Announce,
    /// `GET /readyz`.
    Ready,
    /// A worker takes an event.
    Work,
    /// `roster sweep`, with an orphan.
    Sweep,
    /// `roster events list`, with a dead letter.
    Letters,
}

/// The key of the orphan.
pub(super) const ORPHAN: &str = "avatars/0707070707070707070707070707070707070707070707070707070707070707/\
    01a1fead-27e1-7117-89ea-4a83108ba05c.jpg";

macro_rules! rows {
    ($($name:ident: $act:ident, $call:literal, $answer:literal, $aws:expr => $outcome:literal, $log:literal;
       $reply:expr;)*) => {
        pub(super) const ROWS: &[Row] = &[$(Row {
            name: stringify!($name),
            call: $call,
            answer: $answer,
            aws: $aws,
            act: Act::$act,
            outcome: $outcome,
            log: $log,
            reply: $reply,
        },)*];

        $(#[tokio::test]
        async fn $name() {
            run(stringify!($name)).await;
        })*
    };
}

const DYNAMODB_ERRORS: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html";
const DYNAMODB_COMMON: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html";
const DYNAMODB_KEYS: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.howitworks.html";
const PUT_ITEM: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html";
const UPDATE_ITEM: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html";
const DELETE_ITEM: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html";
const SCAN: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html";
const QUERY: &str = "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html";
const RETRIES: &str = "https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html";
const S3_ERRORS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html";
const S3_KEYS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html";
const GET_OBJECT: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html";
const INTEGRITY: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html";
const DELETE_OBJECTS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html";
const DELETE_MARKERS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/DeleteMarker.html";
const CONDITIONAL_WRITES: &str =
    "https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html";
const RECEIVE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html";
const DELETE_MESSAGE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html";
const SEND_MESSAGE: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html";
const CHANGE_VISIBILITY: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html";
const CHANGE_VISIBILITY_BATCH: &str = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html";
const BATCH_GET_ITEM: &str =
    "https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html";
const LIST_OBJECTS: &str = "https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html";
const QUEUE_ATTRIBUTES: &str =
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html";

const AHEAD: Duration = Duration::from_mins(10);

/// This answer to this call, always.
fn to(request: &AwsRequest, call: &str, answer: AwsAnswer) -> Reply {
    if request.call == call { Reply::Answer(answer) } else { Reply::Pass }
}

/// This answer to the first ones.
fn first(request: &AwsRequest, call: &str, count: u32, most: u32, answer: AwsAnswer) -> Reply {
    if count < most { to(request, call, answer) } else { Reply::Pass }
}

/// Loses the answer to the first one.
fn lose(request: &AwsRequest, call: &str, count: u32) -> Reply {
    if request.call == call && count == 0 { Reply::Lose } else { Reply::Pass }
}

fn json_error(status: u16, code: &str) -> AwsAnswer {
    AwsAnswer::json(status, code, "a message of AWS")
}

fn xml_error(status: u16, code: &str) -> AwsAnswer {
    AwsAnswer::xml(status, code, "a message of AWS")
}

/// Adds items that another program wrote to the answer of a scan.
fn with_foreign_items(body: &mut Vec<u8>) {
    let mut page: Value = serde_json::from_slice(body).unwrap();
    let items = page["Items"].as_array_mut().unwrap();
    for damaged in [
        json!({"id": {"S": "grace@example.org"}, "email": {"S": "grace@example.org"}}),
        json!({"id": {"S": "1"}, "name": {"N": "1"}, "email": {"S": "x"}, "avatar_url": {"S": "x"}}),
        json!({"id": {"S": "2"}, "name": {"S": "x"}, "email": {"S": "x"}, "avatar_url": {"S": "x"},
            "avatar_key": {"S": "../x"}}),
    ] {
        items.insert(0, damaged);
    }
    page["Count"] = items.len().into();
    *body = page.to_string().into_bytes();
}

/// Takes its items from the answer of a scan.
fn without_items(body: &mut Vec<u8>) {
    let mut page: Value = serde_json::from_slice(body).unwrap();
    page.as_object_mut().unwrap().remove("Items");
    *body = page.to_string().into_bytes();
}

fn with_another_last_byte(body: &mut Vec<u8>) {
    body.pop();
    body.push(0);
}

/// An image cannot be read, so that its event is tried again; this is the answer to that.
fn retried(request: &AwsRequest, code: &str) -> Reply {
    match request.call.as_str() {
        "GET" => Reply::Answer(xml_error(400, "BrandNewException")),
        _ => to(request, "ChangeMessageVisibility", json_error(400, code)),
    }
}

/// Leaves all keys of a batch for another call.
fn unprocessed(request: &AwsRequest) -> AwsAnswer {
    let batch: Value = serde_json::from_str(&request.body).unwrap();
    AwsAnswer::new(200, json!({"Responses": {}, "UnprocessedKeys": batch["RequestItems"]}).to_string())
}

/// The error of one message of a batch.
fn of_message(code: &str) -> AwsAnswer {
    let failed = json!([{"Id": "0", "Code": code, "SenderFault": false}]);
    AwsAnswer::new(200, json!({"Successful": [], "Failed": failed}).to_string())
}

/// Changes the image itself, as it was uploaded.
fn damaged_upload(request: &AwsRequest) -> Reply {
    let is_meant = request.call == "GET" && request.uri.contains("/avatars/avatars/");
    if is_meant { Reply::Change(with_another_last_byte) } else { Reply::Pass }
}

/// Answers a query with two pages: these items, and the user.
fn pages(request: &AwsRequest, first: &Value) -> Reply {
    let id = UserId::of(&sample::email("ada@example.org")).to_string();
    let page = if request.body.contains("ExclusiveStartKey") {
        json!({"Items": [{"id": {"S": id}}], "Count": 1})
    } else {
        json!({"Items": first, "Count": 0, "LastEvaluatedKey": {"id": {"S": "0"}, "md5": {"S": "0"}}})
    };
    to(request, "Query", AwsAnswer::new(200, page.to_string()))
}

/// Nothing is found by the e-mail as it is, and this is the answer about its other form.
fn other_index(request: &AwsRequest, code: &str, message: &str) -> Reply {
    let is_other = request.body.contains("\"other_md5\"");
    let nothing = AwsAnswer::new(200, json!({"Items": [], "Count": 0}).to_string());
    to(request, "Query", if is_other { AwsAnswer::json(400, code, message) } else { nothing })
}

rows! {
    // DynamoDB: throttling.
    a_throttled_read: Get, "GetItem", "400 `ThrottlingException`", DYNAMODB_ERRORS
        => "503 busy", "store is throttled";
        |request, _| to(request, "GetItem", json_error(400, "ThrottlingException"));
    a_read_that_is_throttled_twice: Get, "GetItem", "400 `ProvisionedThroughputExceededException`, twice",
        DYNAMODB_ERRORS => "200", "";
        |request, count| first(request, "GetItem", count, 2, json_error(400, "ProvisionedThroughputExceededException"));
    a_throttled_list: List, "Scan", "400 `RequestLimitExceeded`", SCAN
        => "503 busy", "store is throttled";
        |request, _| to(request, "Scan", json_error(400, "RequestLimitExceeded"));
    a_throttled_write: Create, "PutItem", "400 `ThrottlingException`", DYNAMODB_ERRORS
        => "503 unavailable", "users: AWS throttled the write";
        |request, _| to(request, "PutItem", json_error(400, "ThrottlingException"));

    // DynamoDB: conflicts.
    a_rename_during_a_transaction: Rename, "UpdateItem", "400 `TransactionConflictException`, twice", UPDATE_ITEM
        => "200", "";
        |request, count| first(request, "UpdateItem", count, 2, json_error(400, "TransactionConflictException"));
    a_rename_during_transactions_without_end: Rename, "UpdateItem", "400 `TransactionConflictException`", UPDATE_ITEM
        => "503 unavailable", "users: other calls kept changing the same item or object";
        |request, _| to(request, "UpdateItem", json_error(400, "TransactionConflictException"));
    a_create_during_a_transaction: Create, "PutItem", "400 `TransactionConflictException`, once", PUT_ITEM
        => "201", "";
        |request, count| first(request, "PutItem", count, 1, json_error(400, "TransactionConflictException"));
    a_delete_during_a_transaction: Delete, "DeleteItem", "400 `TransactionConflictException`, once", DELETE_ITEM
        => "204", "";
        |request, count| first(request, "DeleteItem", count, 1, json_error(400, "TransactionConflictException"));
    a_rename_beside_one_in_another_region: Rename, "UpdateItem", "400 `ReplicatedWriteConflictException`, once",
        UPDATE_ITEM => "200", "";
        |request, count| first(request, "UpdateItem", count, 1, json_error(400, "ReplicatedWriteConflictException"));

    // DynamoDB: keys, rights, names, clocks.
    a_table_whose_key_denies_the_role: Get, "GetItem", "400 `AccessDeniedException`, which names KMS", DYNAMODB_KEYS
        => "503 unavailable", "users: the encryption key (KMS) cannot be used";
        |request, _| to(request, "GetItem", AwsAnswer::json(400, "AccessDeniedException",
            "KMS key access denied error: AWSKMSException: you are not allowed to access the key"));
    a_table_that_denies_the_role: List, "Scan", "400 `AccessDeniedException`", DYNAMODB_ERRORS
        => "503 unavailable", "users: AWS denies this role the call";
        |request, _| to(request, "Scan", json_error(400, "AccessDeniedException"));
    a_table_that_is_gone: Get, "GetItem", "400 `ResourceNotFoundException`", DYNAMODB_ERRORS
        => "503 unavailable", "users: the table does not exist in this account and region";
        |request, _| to(request, "GetItem", json_error(400, "ResourceNotFoundException"));
    an_expired_token_at_the_table: Get, "GetItem", "403 `ExpiredTokenException`", DYNAMODB_COMMON
        => "503 unavailable", "users: AWS rejects the credentials";
        |request, _| to(request, "GetItem", json_error(403, "ExpiredTokenException"));
    a_region_that_is_not_activated: Get, "GetItem", "403 `OptInRequired`", DYNAMODB_COMMON
        => "503 unavailable", "users: this account has not activated the service, or the region";
        |request, _| to(request, "GetItem", json_error(403, "OptInRequired"));
    a_clock_that_is_behind_at_the_table: Get, "GetItem",
        "400 `InvalidSignatureException` by a clock 10 minutes ahead, once", DYNAMODB_ERRORS
        => "200", "";
        |request, count| first(request, "GetItem", count, 1, json_error(400, "InvalidSignatureException").ahead_by(AHEAD));
    an_error_that_is_not_known: Get, "GetItem", "400 and a code that is not documented", DYNAMODB_ERRORS
        => "500 internal", "BrandNewException";
        |request, _| to(request, "GetItem", json_error(400, "BrandNewException"));

    // DynamoDB: servers.
    a_table_that_fails_once: Get, "GetItem", "500 `InternalServerError`, once", DYNAMODB_ERRORS
        => "200", "";
        |request, count| first(request, "GetItem", count, 1, json_error(500, "InternalServerError"));
    a_table_behind_a_proxy_that_fails: Get, "GetItem", "503 and a page of HTML", RETRIES
        => "503 unavailable", "users: AWS returned a server error";
        |request, _| to(request, "GetItem", AwsAnswer::new(503, "<html>Service Unavailable</html>"));
    an_answer_that_is_no_json: Get, "GetItem", "200 and a page of HTML", RETRIES
        => "503 unavailable", "users: AWS returned an unreadable response";
        |request, _| to(request, "GetItem", AwsAnswer::new(200, "<html>Welcome</html>"));

    // DynamoDB: pages.
    an_empty_page_of_a_scan: List, "Scan", "200, no items and a `LastEvaluatedKey`", SCAN
        => "200, 1 users", "";
        |request, count| match (request.call.as_str(), count) {
            ("Scan", 0) => Reply::Answer(AwsAnswer::new(200, json!({"Items": [], "Count": 0, "ScannedCount": 5,
                "LastEvaluatedKey": {"id": {"S": "somewhere"}}}).to_string())),
            ("Scan", _) if request.body.contains("somewhere") => {
                Reply::Answer(AwsAnswer::new(200, json!({"Count": 1, "ScannedCount": 1, "Items": [{"id": {"S": "1"},
                    "name": {"S": "G"}, "email": {"S": "g@example.org"}, "avatar_url": {"S": "https://e.org/g"}}]})
                    .to_string()))
            }
            _ => Reply::Pass,
        };
    items_of_another_program: List, "Scan", "200, with items that lack a field or have another type", SCAN
        => "200, 1 users, 3 left out", "an item of the table cannot be shown; lists leave it out";
        |request, _| if request.call == "Scan" { Reply::Change(with_foreign_items) } else { Reply::Pass };
    a_scan_without_items: List, "Scan", "200 without `Items`", SCAN
        => "500 internal", "DynamoDB returned a page without items";
        |request, _| if request.call == "Scan" { Reply::Change(without_items) } else { Reply::Pass };
    an_empty_page_of_an_index: Libravatar, "Query", "200, no items and a `LastEvaluatedKey`", QUERY
        => "200", "";
        |request, _| pages(request, &json!([]));
    an_index_with_an_item_of_another_program: Libravatar, "Query", "200, an item whose id is not Roster's, then one",
        QUERY => "200", "";
        |request, _| pages(request, &json!([{"id": {"S": "grace@example.org"}}]));
    an_index_that_is_late: Libravatar, "Query, GetItem", "200, an item that is gone from the table", QUERY
        => "404 not-found", "";
        |request, _| to(request, "Query", AwsAnswer::new(200, json!({"Count": 1,
            "Items": [{"id": {"S": "0".repeat(64)}}]}).to_string()));

    an_index_that_the_table_does_not_have_yet: Libravatar, "Query",
        "400 `ValidationException`: the table does not have the specified index `other_md5`", QUERY
        => "404 not-found", "";
        |request, _| other_index(request, "ValidationException", "The table does not have the specified index: other_md5");
    an_index_that_is_being_filled: Libravatar, "Query", "400 `ValidationException`: it reads from a backfilling index",
        QUERY => "404 not-found", "";
        |request, _| other_index(request, "ValidationException",
            "Cannot read from backfilling global secondary index: other_md5");
    an_index_that_the_role_may_not_read: Libravatar, "Query", "400 `AccessDeniedException` for `other_md5`",
        DYNAMODB_ERRORS => "503 unavailable", "users: AWS denies this role the call";
        |request, _| other_index(request, "AccessDeniedException", "not authorized to perform: dynamodb:Query");

    // DynamoDB: lost answers.
    a_create_whose_item_was_written: Create, "PutItem", "done, and the answer lost", RETRIES
        => "201", "";
        |request, count| lose(request, "PutItem", count);
    a_rename_that_was_written: Rename, "UpdateItem", "done, and the answer lost", RETRIES
        => "200", "";
        |request, count| lose(request, "UpdateItem", count);
    a_new_image_that_was_written: PutAvatar, "UpdateItem", "done, and the answer lost", RETRIES
        => "200", "";
        |request, count| lose(request, "UpdateItem", count);
    a_delete_that_was_done: Delete, "DeleteItem", "done, and the answer lost", RETRIES
        => "404 not-found", "";
        |request, count| lose(request, "DeleteItem", count);
    an_update_without_its_item: Rename, "UpdateItem", "200 without `Attributes`", UPDATE_ITEM
        => "503 unavailable", "users: DynamoDB did not return the changed item";
        |request, _| to(request, "UpdateItem", AwsAnswer::new(200, "{}"));

    // S3: throttling and servers.
    a_slow_bucket: Image, "GetObject", "503 `SlowDown`", S3_ERRORS
        => "503 busy", "store is throttled";
        |request, _| to(request, "GET", xml_error(503, "SlowDown"));
    a_bucket_that_is_slow_twice: Image, "GetObject", "503 `SlowDown`, twice", S3_ERRORS
        => "200", "";
        |request, count| first(request, "GET", count, 2, xml_error(503, "SlowDown"));
    an_upload_to_a_slow_bucket: Create, "PutObject", "503 `SlowDown`", S3_ERRORS
        => "503 unavailable", "avatars: AWS throttled the write";
        |request, _| to(request, "PUT", xml_error(503, "SlowDown"));
    an_upload_that_arrives_late: Create, "PutObject", "400 `RequestTimeout`, once", S3_ERRORS
        => "201", "";
        |request, count| first(request, "PUT", count, 1, xml_error(400, "RequestTimeout"));
    a_bucket_that_fails: Image, "GetObject", "500 `InternalError`", S3_ERRORS
        => "503 unavailable", "avatars: AWS returned a server error";
        |request, _| to(request, "GET", xml_error(500, "InternalError"));
    an_upload_beside_a_change_of_the_bucket: Create, "PutObject", "409 `OperationAborted`, once", S3_ERRORS
        => "201", "";
        |request, count| first(request, "PUT", count, 1, xml_error(409, "OperationAborted"));
    an_upload_that_was_stored: Create, "PutObject", "done, and the answer lost", RETRIES
        => "201", "";
        |request, count| lose(request, "PUT", count);

    // S3: keys, rights, names, clocks.
    a_bucket_whose_key_is_disabled: Image, "GetObject", "400 `KMS.DisabledException`", S3_KEYS
        => "503 unavailable", "avatars: the encryption key (KMS) cannot be used";
        |request, _| to(request, "GET", xml_error(400, "KMS.DisabledException"));
    an_upload_under_a_key_that_is_pending_deletion: Create, "PutObject", "400 `KMS.KMSInvalidStateException`", S3_KEYS
        => "503 unavailable", "avatars: the encryption key (KMS) cannot be used";
        |request, _| to(request, "PUT", xml_error(400, "KMS.KMSInvalidStateException"));
    an_upload_under_a_key_that_denies_the_role: Create, "PutObject", "403 `AccessDenied`, which names `kms:`", S3_KEYS
        => "503 unavailable", "avatars: the encryption key (KMS) cannot be used";
        |request, _| to(request, "PUT", AwsAnswer::xml(403, "AccessDenied",
            "User is not authorized to perform: kms:GenerateDataKey on this resource"));
    a_bucket_that_denies_the_role: Image, "GetObject", "403 `AccessDenied`", GET_OBJECT
        => "503 unavailable", "avatars: AWS denies this role the call; reading an object needs s3:ListBucket as well";
        |request, _| to(request, "GET", xml_error(403, "AccessDenied"));
    a_bucket_that_is_gone: Image, "GetObject", "404 `NoSuchBucket`", S3_ERRORS
        => "503 unavailable", "avatars: the bucket does not exist";
        |request, _| to(request, "GET", xml_error(404, "NoSuchBucket"));
    a_bucket_in_another_region: Image, "GetObject", "301 `PermanentRedirect`", S3_ERRORS
        => "503 unavailable", "avatars: the bucket is in another region";
        |request, _| to(request, "GET", xml_error(301, "PermanentRedirect"));
    an_expired_token_at_the_bucket: Image, "GetObject", "400 `ExpiredToken`", S3_ERRORS
        => "503 unavailable", "avatars: AWS rejects the credentials";
        |request, _| to(request, "GET", xml_error(400, "ExpiredToken"));
    a_clock_that_is_behind_at_the_bucket: Image, "GetObject",
        "403 `RequestTimeTooSkewed` by a clock 10 minutes ahead, once", S3_ERRORS
        => "200", "";
        |request, count| first(request, "GET", count, 1, xml_error(403, "RequestTimeTooSkewed").ahead_by(AHEAD));

    // S3: objects.
    an_object_that_is_gone: Image, "GetObject", "404 `NoSuchKey` with a delete marker", DELETE_MARKERS
        => "404 not-found", "";
        |request, _| to(request, "GET", xml_error(404, "NoSuchKey").header("x-amz-delete-marker", "true"));
    an_object_that_is_archived: Image, "GetObject", "403 `InvalidObjectState`", GET_OBJECT
        => "503 unavailable", "avatars: the object is archived";
        |request, _| to(request, "GET", xml_error(403, "InvalidObjectState"));
    an_object_that_is_cut_short: Image, "GetObject", "200, and the connection ends early", RETRIES
        => "503 unavailable", "avatars: the object was cut short or does not match its checksum";
        |request, _| if request.call == "GET" { Reply::Cut } else { Reply::Pass };
    an_object_that_was_damaged_on_its_way: Image, "GetObject", "200, and bytes that do not match the checksum", INTEGRITY
        => "503 unavailable", "avatars: the object was cut short or does not match its checksum";
        |request, _| if request.call == "GET" { Reply::Change(with_another_last_byte) } else { Reply::Pass };
    a_large_object_that_is_cut_short: LargeImage, "GetObject",
        "200, and the connection ends early, after some pieces, once", RETRIES
        => "200, then broken off", "could not send an image to its end";
        |request, count| if request.call == "GET" && count == 0 { Reply::Cut } else { Reply::Pass };
    a_large_object_that_was_damaged_on_its_way: LargeImage, "GetObject",
        "200, and bytes of the last piece that do not match the checksum, once", INTEGRITY
        => "200, then broken off", "could not send an image to its end";
        |request, count| if count == 0 { damaged_upload(request) } else { Reply::Pass };
    a_picture_of_an_object_that_was_damaged: Libravatar, "GetObject",
        "200, and bytes that do not match the checksum", INTEGRITY
        => "503 unavailable", "avatars: the object was cut short or does not match its checksum";
        |request, _| damaged_upload(request);
    an_upload_that_was_damaged_on_its_way: Create, "PutObject", "400 `BadDigest`", INTEGRITY
        => "503 unavailable", "avatars: the object was damaged on its way to S3";
        |request, _| to(request, "PUT", xml_error(400, "BadDigest"));
    an_object_that_is_not_deleted: Delete, "DeleteObjects", "200, and an `Error` for the object", DELETE_OBJECTS
        => "503 unavailable", "could not delete object; it may be orphaned";
        |request, _| to(request, "POST", AwsAnswer::new(200, "<DeleteResult><Error><Key>x</Key><Code>AccessDenied\
            </Code><Message>Access Denied</Message></Error></DeleteResult>"));
    a_delete_that_fails_after_its_status: Delete, "DeleteObjects", "200, and a document that is an `Error`", S3_ERRORS
        => "503 unavailable", "could not delete object; it may be orphaned";
        |request, _| to(request, "POST", xml_error(200, "InternalError"));
    an_announcement_beside_another: Announce, "PutObject", "409 `ConditionalRequestConflict`, twice", CONDITIONAL_WRITES
        => "201", "";
        |request, count| first(request, "PUT", count, 2, xml_error(409, "ConditionalRequestConflict"));

    // SQS.
    a_queue_with_too_many_messages_in_flight: Work, "ReceiveMessage", "400 `OverLimit`", RECEIVE
        => "no event; the worker goes on", "too many messages of the queue are in flight";
        |request, _| to(request, "ReceiveMessage", json_error(400, "OverLimit"));
    a_queue_whose_key_is_disabled: Work, "ReceiveMessage", "400 `KmsDisabled`", RECEIVE
        => "no event; the worker goes on", "the encryption key (KMS) cannot be used";
        |request, _| to(request, "ReceiveMessage", json_error(400, "KmsDisabled"));
    a_queue_that_is_gone: Work, "ReceiveMessage", "400 `QueueDoesNotExist`", RECEIVE
        => "no event; the worker goes on", "the queue does not exist in this account and region";
        |request, _| to(request, "ReceiveMessage", json_error(400, "QueueDoesNotExist"));
    a_message_without_a_receipt: Work, "ReceiveMessage", "200, a message without `ReceiptHandle`", RECEIVE
        => "no event; the worker goes on", "SQS returned a message without a receipt; leaving it out";
        |request, count| first(request, "ReceiveMessage", count, 1,
            AwsAnswer::new(200, r#"{"Messages": [{"MessageId": "m", "Body": "{}"}]}"#));
    an_event_that_is_done: Work, "ReceiveMessage", "200, an event", RECEIVE
        => "event done", "";
        |_, _| Reply::Pass;
    a_message_that_is_not_an_event: Work, "ReceiveMessage", "200, a message of another program", RECEIVE
        => "dead letter", "the payload is not JSON of a known shape";
        |request, count| first(request, "ReceiveMessage", count, 1, AwsAnswer::new(200, message("hello")));
    an_event_whose_image_is_throttled: Work, "GetObject", "503 `SlowDown`", S3_ERRORS
        => "event postponed", "store is throttled";
        |request, _| to(request, "GET", xml_error(503, "SlowDown"));
    an_event_whose_image_cannot_be_read: Work, "GetObject", "400 and a code that is not documented", S3_ERRORS
        => "event retried", "BrandNewException";
        |request, _| to(request, "GET", xml_error(400, "BrandNewException"));
    an_event_whose_lease_has_ended_before_its_retry: Work, "ChangeMessageVisibility", "400 `ReceiptHandleIsInvalid`",
        CHANGE_VISIBILITY => "event comes again", "the lease of the message had ended: another worker may have it";
        |request, _| retried(request, "ReceiptHandleIsInvalid");
    an_event_that_is_not_in_flight_at_its_retry: Work, "ChangeMessageVisibility", "400 `MessageNotInflight`",
        CHANGE_VISIBILITY => "event comes again", "the lease of the message had ended: another worker may have it";
        |request, _| retried(request, "MessageNotInflight");
    an_event_whose_lease_has_ended: Work, "DeleteMessage", "400 `ReceiptHandleIsInvalid`", DELETE_MESSAGE
        => "event done, or comes again", "the lease of the message had ended: another worker may have it";
        |request, _| to(request, "DeleteMessage", json_error(400, "ReceiptHandleIsInvalid"));
    a_queue_that_takes_no_message: Work, "SendMessage", "400 `KmsAccessDenied`", SEND_MESSAGE
        => "event comes again", "could not update the event in the queue; it may be redelivered";
        |request, count| match request.call.as_str() {
            "ReceiveMessage" => {
                first(request, "ReceiveMessage", count, 1, AwsAnswer::new(200, message("hello")))
            }
            _ => to(request, "SendMessage", json_error(400, "KmsAccessDenied")),
        };
    a_queue_without_its_counts: Ready, "GetQueueAttributes", "200 without the counts", QUEUE_ATTRIBUTES
        => "200, without counts of events", "";
        |request, _| to(request, "GetQueueAttributes", AwsAnswer::new(200, "{}"));
    a_queue_with_its_counts: Ready, "GetQueueAttributes", "200 with the counts", QUEUE_ATTRIBUTES
        => "200, with counts of events", "";
        |_, _| Reply::Pass;

    // The commands of an operator.
    a_sweep_whose_keys_are_left_for_another_call: Sweep, "BatchGetItem", "200, all keys in `UnprocessedKeys`, once",
        BATCH_GET_ITEM => "exit 0", "";
        |request, count| match request.call.as_str() {
            "BatchGetItem" if count == 0 => Reply::Answer(unprocessed(request)),
            _ => Reply::Pass,
        };
    a_sweep_that_is_throttled: Sweep, "BatchGetItem", "400 `ProvisionedThroughputExceededException`, three times",
        BATCH_GET_ITEM => "exit 0", "a call to the store or a queue failed; retrying for up to 15 s";
        |request, count| {
            first(request, "BatchGetItem", count, 3, json_error(400, "ProvisionedThroughputExceededException"))
        };
    a_batch_without_the_table: Sweep, "BatchGetItem", "200 without the table", BATCH_GET_ITEM
        => "exit 1", "BatchGetItem returned nothing for table users";
        |request, _| to(request, "BatchGetItem", AwsAnswer::new(200, r#"{"Responses": {}, "UnprocessedKeys": {}}"#));
    a_listing_of_a_slow_bucket: Sweep, "ListObjectsV2", "503 `SlowDown`, twice", S3_ERRORS
        => "exit 0", "";
        |request, count| first(request, "GET", count, 2, xml_error(503, "SlowDown"));
    a_listing_that_is_denied: Sweep, "ListObjectsV2", "403 `AccessDenied`", LIST_OBJECTS
        => "exit 1", "avatars: AWS denies this role the call";
        |request, _| to(request, "GET", xml_error(403, "AccessDenied"));
    a_listing_without_keys: Sweep, "ListObjectsV2", "200, no keys and `IsTruncated`", LIST_OBJECTS
        => "exit 1", "S3 returned an empty page and reports more keys";
        |request, _| to(request, "GET",
            AwsAnswer::new(200, "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"));
    a_listing_without_its_end: Sweep, "ListObjectsV2", "200 without `IsTruncated`", LIST_OBJECTS
        => "exit 1", "S3 returned a listing without IsTruncated";
        |request, _| to(request, "GET", AwsAnswer::new(200, "<ListBucketResult></ListBucketResult>"));
    an_orphan_that_is_not_deleted: Sweep, "DeleteObjects", "200, and an `Error` for the object", DELETE_OBJECTS
        => "exit 1", "avatars: AWS denies this role the call";
        |request, _| to(request, "POST", AwsAnswer::new(200, format!("<DeleteResult><Error><Key>{ORPHAN}</Key>\
            <Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>")));
    an_orphan_beside_a_change_of_the_bucket: Sweep, "DeleteObjects", "409 `OperationAborted`, once", S3_ERRORS
        => "exit 0", "";
        |request, count| first(request, "POST", count, 1, xml_error(409, "OperationAborted"));
    a_letter_whose_lease_has_ended: Letters, "ChangeMessageVisibilityBatch",
        "200, and `MessageNotInflight` for the message", CHANGE_VISIBILITY_BATCH
        => "exit 0", "";
        |request, _| to(request, "ChangeMessageVisibilityBatch", of_message("MessageNotInflight"));
    a_letter_that_is_not_released_at_once: Letters, "ChangeMessageVisibilityBatch",
        "200, and `InternalError` for the message, once", CHANGE_VISIBILITY_BATCH
        => "exit 0", "a call to the store or a queue failed; retrying for up to 15 s";
        |request, count| first(request, "ChangeMessageVisibilityBatch", count, 1, of_message("InternalError"));
    a_letter_that_is_not_released: Letters, "ChangeMessageVisibilityBatch", "200, and `InternalError` for the message",
        CHANGE_VISIBILITY_BATCH => "exit 1", "SQS did not change the lease of a message";
        |request, _| to(request, "ChangeMessageVisibilityBatch", of_message("InternalError"));
    a_letter_without_a_result: Letters, "ChangeMessageVisibilityBatch", "200 without results", CHANGE_VISIBILITY_BATCH
        => "exit 1", "SQS left out the results of messages";
        |request, _| to(request, "ChangeMessageVisibilityBatch", AwsAnswer::new(200, "{}"));
}

//! Direct uploads to S3: what is signed, and S3's less friendly answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Claim, Digest, DirectUpload, Error, SendTo, Stores, Timestamp};
use emulator::Endpoints;
use storage::{
    Faults,
    aws::Options,
    conformance::{open_aws, sample},
};

use super::emulator::{Emulated, open};

/// Where the bytes of an upload are sent: the URL, and the headers.
async fn announce(stores: &Stores, upload: &DirectUpload) -> (String, Vec<(String, String)>) {
    match stores.uploads.announce(upload).await.unwrap() {
        SendTo::Elsewhere { url, mut headers, .. } => {
            headers.sort();
            (url, headers)
        }
        SendTo::ThisApi => panic!("S3 takes the bytes"),
    }
}

/// A parameter of the URL.
fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?').unwrap().1;
    let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
    Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
}

async fn put(emulated: &Emulated, upload: &DirectUpload, bytes: &'static [u8]) {
    let bucket = emulated.options.uploads_bucket.as_deref().unwrap();
    let put = emulated.s3.put_object().bucket(bucket).key(format!("sent/{}", upload.id));
    put.body(bytes.to_vec().into()).send().await.unwrap();
}

#[tokio::test]
async fn size_type_digest_and_time_are_signed() {
    let emulated = open().await;
    let mut upload = sample::direct_upload(8_371_079);
    let (url, headers) = announce(&emulated.stores, &upload).await;
    let object = format!("/{}/sent/{}?", emulated.options.uploads_bucket.as_deref().unwrap(), upload.id);
    assert!(url.contains(&object), "{url}");
    assert_eq!(parameter(&url, "X-Amz-Expires").as_deref(), Some("600"));
    assert_eq!(parameter(&url, "X-Amz-SignedHeaders").as_deref(), Some("content-length;content-type;host"));
    let expected = [("content-length", "8371079"), ("content-type", "image/png")];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));

    upload.digest = Some(Digest::of(b"image"));
    let (url, headers) = announce(&emulated.stores, &upload).await;
    let digest = STANDARD.encode(Digest::of(b"image").as_bytes());
    let signed = "content-length;content-type;host;x-amz-checksum-sha256";
    let is_a_header = parameter(&url, "X-Amz-SignedHeaders").as_deref() == Some(signed)
        && headers.contains(&("x-amz-checksum-sha256".to_owned(), digest.clone()));
    // The parameters of the URL are signed as well.
    let is_a_parameter = parameter(&url, "x-amz-checksum-sha256") == Some(digest);
    assert!(is_a_header || is_a_parameter, "{url} {headers:?}");
    assert!(!url.to_lowercase().contains("crc32"), "a checksum of no bytes: {url}");
}

#[tokio::test]
async fn a_place_to_send_to_ends_no_later_than_the_credentials_that_signed_it() {
    let emulated = open().await;
    for (minutes, is_earlier) in [(4, true), (60, false)] {
        let end = UNIX_EPOCH + Duration::from_secs(UNIX_EPOCH.elapsed().unwrap().as_secs() + minutes * 60);
        let stores = emulated.with_credentials_until(end);
        let SendTo::Elsewhere { until, .. } =
            stores.uploads.announce(&sample::direct_upload(5)).await.unwrap()
        else {
            panic!("S3 takes the bytes")
        };
        let expected = Timestamp::UNIX_EPOCH + end.duration_since(UNIX_EPOCH).unwrap();
        assert_eq!(until, is_earlier.then_some(expected), "{minutes}");
    }
}

#[tokio::test]
async fn what_was_sent_is_read_and_is_gone_once_it_was_removed() {
    let emulated = open().await;
    let upload = sample::direct_upload(5);
    announce(&emulated.stores, &upload).await;
    put(&emulated, &upload, b"image").await;
    let read = emulated.stores.uploads.read(&upload).await.unwrap();
    assert_eq!(read.as_deref(), Some(b"image".as_slice()));
    for bytes in [b"imag".as_slice(), b"images"] {
        put(&emulated, &upload, bytes).await;
        assert_eq!(emulated.stores.uploads.read(&upload).await.unwrap(), None, "another size than announced");
    }
    emulated.stores.uploads.remove(&upload.id).await.unwrap();
    put(&emulated, &sample::direct_upload(5), b"image").await;
    assert_eq!(emulated.stores.uploads.read(&upload).await.unwrap(), None);
    let kept = emulated.stores.uploads.keep(&upload.id, "image".into()).await;
    assert!(matches!(kept, Err(Error::NotFound)), "{kept:?}");
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_granted_to_its_request() {
    let emulated = open().await;
    let upload = sample::direct_upload(5);
    emulated.faults.set("aws.put_object=unavailable*1@after").unwrap();
    let lost = emulated.stores.uploads.claim(&upload.id, &Digest::of(b"request")).await;
    assert!(matches!(lost, Err(Error::Unavailable(_))), "{lost:?}");
    for (request, claim) in [(b"another", Claim::Taken), (b"request", Claim::Granted)] {
        assert_eq!(emulated.stores.uploads.claim(&upload.id, &Digest::of(request)).await.unwrap(), claim);
    }
}

#[tokio::test]
async fn a_link_to_an_image_is_that_of_its_object_for_five_minutes() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let key = sample::key(&user);
    let url = emulated.stores.avatars.link(&key).await.unwrap().unwrap();
    assert!(url.contains(&format!("/{}/{key}?", emulated.bucket())), "{url}");
    assert_eq!(parameter(&url, "X-Amz-Expires").as_deref(), Some("300"));
}

/// Stores on an S3 that answers each put by its number, and everything else with 404; how many puts there were.
fn answering(
    puts: impl Fn(usize) -> (u16, &'static str) + Send + Sync + 'static,
) -> (Stores, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let http = emulator::answering(move |request| {
        Some(match emulator::call_of(request) {
            "PUT" => puts(seen.fetch_add(1, Ordering::SeqCst)),
            _ => (404, "<Error><Code>NoSuchKey</Code></Error>"),
        })
    });
    let nowhere = "http://aws.test".to_owned();
    let config = Endpoints { dynamodb: nowhere.clone(), s3: nowhere, sqs: None }.config();
    let options = Options {
        users_table: "users".to_owned(),
        avatars_bucket: None,
        uploads_bucket: Some("uploads".to_owned()),
        events_queue_url: None,
        dead_letters_url: None,
        links: domain::Links::default(),
    };
    let config = config.into_builder().http_client(http).build();
    (open_aws(&options, &config, Faults::default()).stores, count)
}

const CONFLICT: (u16, &str) = (409, "<Error><Code>ConditionalRequestConflict</Code></Error>");
const EXISTS: (u16, &str) = (412, "<Error><Code>PreconditionFailed</Code></Error>");

#[tokio::test(start_paused = true)]
async fn a_claim_is_repeated_while_s3_reports_a_conflict() {
    let (stores, puts) = answering(|number| if number < 2 { CONFLICT } else { (200, "") });
    let claim = stores.uploads.claim(&sample::direct_upload(5).id, &Digest::of(b"request")).await;
    assert_eq!((claim.unwrap(), puts.load(Ordering::SeqCst)), (Claim::Granted, 3));

    let (stores, _) = answering(|number| if number == 0 { CONFLICT } else { EXISTS });
    let claim = stores.uploads.claim(&sample::direct_upload(5).id, &Digest::of(b"request")).await;
    assert_eq!(claim.unwrap(), Claim::Taken);

    let (stores, puts) = answering(|_| CONFLICT);
    let claim = stores.uploads.claim(&sample::direct_upload(5).id, &Digest::of(b"request")).await;
    assert!(matches!(claim, Err(Error::Unavailable(_))), "{claim:?}");
    assert_eq!(puts.load(Ordering::SeqCst), 5);
}

#[tokio::test]
async fn without_a_bucket_for_them_the_error_names_the_setting() {
    let emulated = open().await;
    let options = Options { uploads_bucket: None, ..emulated.options.clone() };
    let without = emulated.with(&options).stores;
    let Err(Error::Unavailable(why)) = without.uploads.announce(&sample::direct_upload(5)).await else {
        panic!("announced without a bucket")
    };
    assert_eq!(why.to_string(), "ROSTER_UPLOADS_BUCKET is not set");
}

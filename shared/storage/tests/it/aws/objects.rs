//! What other programs find in the table and the bucket.

use aws_sdk_s3::types::ChecksumMode;
use domain::{AvatarKey, Error, NewUser, environment::WrongEnvironment};
use storage::{
    aws::Options,
    conformance::{
        renditions::{assert_kept, renditions},
        sample,
    },
};

use super::emulator::open;

#[tokio::test]
async fn an_object_has_its_type_its_cache_lifetime_and_its_trace() {
    let emulated = open().await;
    let trace_parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let mut new = sample::new_user("ada");
    new.avatar.trace_parent = Some(trace_parent.parse().unwrap());
    let user = sample::create(&emulated.stores, new.clone()).await;

    let object = emulated
        .s3
        .head_object()
        .bucket(emulated.bucket())
        .key(sample::key(&user).to_string())
        .checksum_mode(ChecksumMode::Enabled)
        .send()
        .await
        .unwrap();

    assert_eq!(object.content_type(), Some("image/png"));
    assert_eq!(object.cache_control(), Some(AvatarKey::CACHE_CONTROL));
    assert_eq!(object.metadata().unwrap()["traceparent"], trace_parent);
    let upload = emulated.stores.avatars.read_upload(&sample::key(&user)).await.unwrap();
    assert_eq!((upload.image, upload.trace_parent), (new.avatar.image.clone(), new.avatar.trace_parent));
    let digest = new.avatar.image.digest;
    let base64: String =
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, digest.as_bytes());
    assert_eq!(object.checksum_sha256(), Some(base64.as_str()));
}

#[tokio::test]
async fn an_item_has_what_other_readers_of_the_table_expect() {
    let emulated = open().await;
    let new = NewUser { idempotency: sample::idempotency("key", "payload"), ..sample::new_user("ada") };
    let user = sample::create(&emulated.stores, new).await;
    let item = emulated
        .dynamodb
        .get_item()
        .table_name(&emulated.options.users_table)
        .key("id", aws_sdk_dynamodb::types::AttributeValue::S(user.id.to_string()))
        .send()
        .await
        .unwrap()
        .item
        .unwrap();
    let text = |name: &str| item[name].as_s().unwrap().as_str();
    assert_eq!((text("name"), text("email")), ("Name of ada", "ada@example.org"));
    assert_eq!(text("avatar_url"), format!("https://avatars.example.org/{}", sample::key(&user)));
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "avatar_digest",
        "avatar_key",
        "avatar_url",
        "created_at",
        "email",
        "id",
        "idempotency_key",
        "md5",
        "name",
        "payload_digest",
        "updated_at",
        "version",
        "write_id",
    ];
    assert_eq!(names, expected);
}

#[tokio::test]
async fn without_a_bucket_the_table_can_still_be_read() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let without = emulated.with(&Options { avatars_bucket: None, ..emulated.options.clone() });
    assert_eq!(without.stores.users.get(&user.id).await.unwrap(), user);
    assert_eq!(without.stores.users.list(None, 10).await.unwrap().users().len(), 1);
    let refused = without.stores.users.create(sample::new_user("bob")).await;
    assert!(matches!(refused, Err(Error::Unavailable(_))), "{refused:?}");
}

#[tokio::test]
async fn an_object_larger_than_any_image_is_not_served() {
    let emulated = open().await;
    let user = sample::create_sample(&emulated.stores, "ada").await;
    let key = sample::key(&user);
    let too_large = vec![0; domain::Image::MAX_BYTES + 1];
    let put = emulated.s3.put_object().bucket(emulated.bucket()).key(key.to_string());
    put.body(too_large.into()).send().await.unwrap();
    assert!(matches!(emulated.stores.avatars.read(&key).await, Err(Error::Damaged(_))));
    assert!(matches!(emulated.stores.avatars.open(&key).await, Err(Error::Damaged(_))));
}

/// On AWS an event can be processed before the item exists that references its image.
#[tokio::test]
async fn an_image_that_its_user_is_about_to_have_stays() {
    let emulated = open().await;
    let new = sample::new_user("ada");
    let (key, _) = new.avatar.for_user(new.user().id);
    emulated.faults.set("aws.put_item=fail*1").unwrap();
    let created = emulated.stores.users.create(new.clone()).await;
    assert!(matches!(created, Err(Error::Unavailable(_))), "{created:?}");

    let kept = emulated.stores.renditions.keep(&key, &renditions("ada")).await;

    assert!(matches!(kept, Err(Error::NotFound)), "{kept:?}");
    assert_eq!(emulated.objects().await, [key.to_string()]);
    assert_eq!(emulated.stores.avatars.read(&key).await.unwrap(), new.avatar.image);
}

#[tokio::test]
async fn a_worker_removes_no_renditions_from_a_bucket_that_may_belong_to_another_table() {
    let emulated = open().await;
    let of = sample::key(&sample::create_sample(&emulated.stores, "ada").await);
    let made = renditions("ada");
    emulated.stores.renditions.keep(&of, &made).await.unwrap();
    let (table, bucket) = (format!("{}-2", emulated.options.users_table), emulated.bucket());
    emulated.provision(&table, &format!("{bucket}-2"), "test").await;
    // The same bucket beside a table without its users: marked as the other's, then without a marker.
    let other = emulated.with(&Options { users_table: table, ..emulated.options.clone() });
    let kept = other.stores.renditions.keep(&of, &made).await;
    assert!(matches!(kept, Err(Error::WrongEnvironment(WrongEnvironment::Table { .. }))), "{kept:?}");
    assert_kept(&emulated.stores, &of, &made).await;
    emulated.s3.delete_object().bucket(bucket).key("roster.json").send().await.unwrap();
    let kept = other.stores.renditions.keep(&of, &made).await;
    assert!(matches!(kept, Err(Error::NotFound)), "{kept:?}");
    assert_kept(&emulated.stores, &of, &made).await;
}

//! A table and a bucket as Terraform creates them, for tests and for developer machines.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
};
use bytes::Bytes;
use domain::{DisplayName, Email, Environment, Image, ImageFormat, NewAvatar, NewUser, Timestamp, UserId};

use super::{clients, item, session::AwsConfig};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Creates the table with its indexes, the item that names the environment, and the bucket with its marker.
///
/// # Errors
/// Any error of AWS or its emulator.
pub async fn provision(
    config: &SdkConfig,
    table: &str,
    bucket: &str,
    environment: &Environment,
) -> Result<(), Failure> {
    let client = clients::dynamodb(&AwsConfig::new(config));
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
    };
    let hash = |name: &str| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build();
    let index = |name: &str| -> Result<GlobalSecondaryIndex, Failure> {
        let keys_only = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
        let index = GlobalSecondaryIndex::builder().index_name(name).key_schema(hash(name)?);
        Ok(index.projection(keys_only).build()?)
    };
    let created = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(item::ID)?)
        .attribute_definitions(attribute(item::MD5)?)
        .attribute_definitions(attribute(item::OTHER_ID)?)
        .attribute_definitions(attribute(item::OTHER_MD5)?)
        .key_schema(hash(item::ID)?)
        .global_secondary_indexes(index(item::MD5)?)
        .global_secondary_indexes(index(item::OTHER_ID)?)
        .global_secondary_indexes(index(item::OTHER_MD5)?)
        .send()
        .await;
    match created {
        // An earlier attempt succeeded, but its response was late: an emulator's first call is slow.
        Err(refused)
            if refused.as_service_error().is_some_and(CreateTableError::is_resource_in_use_exception) => {}
        other => drop(other?),
    }
    client
        .put_item()
        .table_name(table)
        .item(item::ID, item::text(item::SENTINEL))
        .item(item::ENVIRONMENT, item::text(environment.as_str()))
        .send()
        .await?;
    #[cfg(feature = "s3")]
    {
        create_bucket(config, bucket).await?;
        mark(config, bucket, table, environment).await?;
    }
    #[cfg(not(feature = "s3"))]
    let _ = bucket;
    Ok(())
}

/// Creates the bucket of direct uploads.
///
/// # Errors
/// Any error of AWS or its emulator.
#[cfg(feature = "s3")]
pub async fn provision_uploads(config: &SdkConfig, bucket: &str) -> Result<(), Failure> {
    create_bucket(config, bucket).await
}

/// Creates the queue `name` and the one of its dead letters, and lets the bucket notify the queue of its
/// avatars. Returns the URLs of both.
///
/// # Errors
/// Any error of AWS or its emulator.
#[cfg(feature = "sqs")]
pub async fn provision_queues(
    config: &SdkConfig,
    bucket: &str,
    name: &str,
) -> Result<(String, String), Failure> {
    use aws_sdk_sqs::types::QueueAttributeName::{QueueArn, RedrivePolicy, VisibilityTimeout};
    use domain::queue::{LEASE, MAX_RECEIVES};

    let sqs = clients::sqs(&AwsConfig::new(config));
    let url = |created: aws_sdk_sqs::operation::create_queue::CreateQueueOutput| {
        created.queue_url.ok_or("SQS returned a queue without a URL")
    };
    let arn = async |url: &str| {
        let response = sqs.get_queue_attributes().queue_url(url).attribute_names(QueueArn).send().await?;
        let arn = response.attributes().and_then(|known| known.get(&QueueArn)).cloned();
        arn.ok_or_else(|| Failure::from("SQS returned a queue without an ARN"))
    };
    let dead_letters = url(sqs.create_queue().queue_name(format!("{name}-dead-letters")).send().await?)?;
    let redrive = format!(
        r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"{MAX_RECEIVES}"}}"#,
        arn(&dead_letters).await?
    );
    let events = sqs
        .create_queue()
        .queue_name(name)
        .attributes(RedrivePolicy, redrive)
        .attributes(VisibilityTimeout, LEASE.as_secs().to_string())
        .send()
        .await?;
    let events = url(events)?;
    notify(config, bucket, arn(&events).await?).await?;
    Ok((events, dead_letters))
}

/// Lets the bucket notify this queue of every object under `avatars/`.
#[cfg(feature = "sqs")]
async fn notify(config: &SdkConfig, bucket: &str, queue: String) -> Result<(), Failure> {
    use aws_sdk_s3::types::{
        Event, FilterRule, FilterRuleName, NotificationConfiguration, NotificationConfigurationFilter,
        QueueConfiguration, S3KeyFilter,
    };

    let below = FilterRule::builder().name(FilterRuleName::Prefix).value("avatars/").build();
    let filter = NotificationConfigurationFilter::builder()
        .key(S3KeyFilter::builder().filter_rules(below).build())
        .build();
    let target = QueueConfiguration::builder()
        .queue_arn(queue)
        .events(Event::S3ObjectCreated)
        .filter(filter)
        .build()?;
    let configuration = NotificationConfiguration::builder().queue_configurations(target).build();
    let s3 = clients::s3(&AwsConfig::new(config));
    s3.put_bucket_notification_configuration()
        .bucket(bucket)
        .notification_configuration(configuration)
        .send()
        .await?;
    Ok(())
}

/// S3 requires the region of the bucket, except in `us-east-1`, where it rejects one.
#[cfg(feature = "s3")]
async fn create_bucket(config: &SdkConfig, bucket: &str) -> Result<(), Failure> {
    use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

    let configuration =
        config.region().map(AsRef::as_ref).filter(|region| *region != "us-east-1").map(|region| {
            CreateBucketConfiguration::builder()
                .location_constraint(BucketLocationConstraint::from(region))
                .build()
        });
    clients::s3(&AwsConfig::new(config))
        .create_bucket()
        .bucket(bucket)
        .set_create_bucket_configuration(configuration)
        .send()
        .await?;
    Ok(())
}

/// Writes the marker of the bucket.
#[cfg(feature = "s3")]
async fn mark(
    config: &SdkConfig,
    bucket: &str,
    table: &str,
    environment: &Environment,
) -> Result<(), Failure> {
    use super::marker::{KEY, Marker};

    let body = Marker::text(environment, table).into_bytes().into();
    clients::s3(&AwsConfig::new(config)).put_object().bucket(bucket).key(KEY).body(body).send().await?;
    Ok(())
}

/// Items in one call.
const BATCH: usize = 25;

/// Adds the users `0` to `count - 1` to the table, without their images: enough for benchmarks of listings.
///
/// # Errors
/// Any error of AWS or its emulator.
pub async fn fill(config: &SdkConfig, table: &str, count: usize) -> Result<(), Failure> {
    let client = clients::dynamodb(&AwsConfig::new(config));
    let image = Image::new(ImageFormat::Png, Bytes::from_static(b"an image"));
    for first in (0..count).step_by(BATCH) {
        let puts = (first..count.min(first + BATCH)).map(|number| put(number, &image));
        let puts = puts.collect::<Result<Vec<_>, _>>()?;
        let written = client.batch_write_item().request_items(table, puts).send().await?;
        if written.unprocessed_items().is_some_and(|items| !items.is_empty()) {
            return Err("the table did not accept the whole batch".into());
        }
    }
    Ok(())
}

fn put(number: usize, image: &Image) -> Result<WriteRequest, Failure> {
    let email = Email::parse(&format!("user{number}@example.org"))?;
    let new = NewUser {
        name: DisplayName::parse(&format!("User {number}"))?,
        id: UserId::of(&email),
        email,
        avatar: NewAvatar::new(image.clone(), None),
        created_at: Timestamp::UNIX_EPOCH,
        idempotency: None,
    };
    let user = new.user();
    let (key, _) = new.avatar.for_user(user.id);
    let item = item::of(&user, &key, &image.digest, format!("https://avatars.example.org/{key}"), None);
    Ok(WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item)).build()?).build())
}

//! A table and a bucket as Terraform makes them, for tests and for a desk.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use domain::Environment;

use super::{clients, item};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Makes the table with its index, the item that names the environment, and the bucket.
///
/// # Errors
/// What AWS, or what stands in for it, says.
pub async fn provision(
    config: &SdkConfig,
    table: &str,
    bucket: &str,
    environment: &Environment,
) -> Result<(), Failure> {
    let client = clients::dynamodb(config);
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build()
    };
    let hash = |name: &str| KeySchemaElement::builder().attribute_name(name).key_type(KeyType::Hash).build();
    let by_md5 = GlobalSecondaryIndex::builder()
        .index_name(item::MD5)
        .key_schema(hash(item::MD5)?)
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()?;
    client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(attribute(item::ID)?)
        .attribute_definitions(attribute(item::MD5)?)
        .key_schema(hash(item::ID)?)
        .global_secondary_indexes(by_md5)
        .send()
        .await?;
    client
        .put_item()
        .table_name(table)
        .item(item::ID, item::text(item::SENTINEL))
        .item(item::ENVIRONMENT, item::text(environment.as_str()))
        .send()
        .await?;
    #[cfg(feature = "s3")]
    clients::s3(config).create_bucket().bucket(bucket).send().await?;
    #[cfg(not(feature = "s3"))]
    let _ = bucket;
    Ok(())
}

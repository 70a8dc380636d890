//! The SDK's clients: made once, with limits on time and retries.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::config::SharedInterceptor;

use super::session::AwsConfig;

/// How long a connection may take. Inside a region it takes milliseconds.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Attempts of a call: up to two retries after a lost or throttled response, with jitter.
const ATTEMPTS: u32 = 3;

/// Timeouts of a call to the table: of one attempt, and of all of them.
const TABLE_TIMEOUT: [Duration; 2] = [Duration::from_secs(1), Duration::from_millis(2500)];

/// Timeouts of a call to the bucket: an image of 16 MiB needs 34 Mbit/s. The longest request, which replaces
/// an image, calls the table three times and the bucket twice: 19.5 s of the 20 s that a response may take. With a
/// direct upload there are more calls, and a call that meets conflicts pauses up to 0.75 s more; a request that is cut
/// can be repeated.
#[cfg(feature = "s3")]
pub(super) const BUCKET_TIMEOUT: [Duration; 2] = [Duration::from_secs(4), Duration::from_secs(6)];

/// Credentials, region and endpoint from the environment, the profile and the machine.
pub(super) async fn config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await
}

/// Those of the configuration if it limits an attempt; the environment and the profile cannot.
fn timeouts_of(config: &SdkConfig, otherwise: [Duration; 2]) -> TimeoutConfig {
    match config.timeout_config() {
        Some(set) if set.operation_attempt_timeout().is_some() => set.clone(),
        _ => timeouts(otherwise),
    }
}

fn timeouts([attempt, all]: [Duration; 2]) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(all)
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(Duration::from_millis(50))
}

pub(super) fn dynamodb(AwsConfig { sdk, credentials }: &AwsConfig) -> aws_sdk_dynamodb::Client {
    let mut config = aws_sdk_dynamodb::config::Builder::from(sdk)
        .timeout_config(timeouts_of(sdk, TABLE_TIMEOUT))
        .retry_config(retries());
    if let Some(credentials) = credentials {
        config.push_interceptor(SharedInterceptor::new(credentials.clone()));
    }
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

#[cfg(feature = "s3")]
pub(super) fn s3(AwsConfig { sdk, credentials }: &AwsConfig) -> aws_sdk_s3::Client {
    let mut config = aws_sdk_s3::config::Builder::from(sdk)
        // An emulator has no host name for each bucket.
        .force_path_style(has_endpoint(sdk))
        .timeout_config(timeouts_of(sdk, BUCKET_TIMEOUT))
        .retry_config(retries());
    if let Some(credentials) = credentials {
        config.push_interceptor(SharedInterceptor::new(credentials.clone()));
    }
    aws_sdk_s3::Client::from_conf(config.build())
}

/// Timeouts of a call to a queue, except the one that waits.
#[cfg(feature = "sqs")]
const QUEUE_TIMEOUT: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];

#[cfg(feature = "sqs")]
pub(super) fn sqs(AwsConfig { sdk, credentials }: &AwsConfig) -> aws_sdk_sqs::Client {
    let mut config = aws_sdk_sqs::config::Builder::from(sdk)
        .timeout_config(timeouts_of(sdk, QUEUE_TIMEOUT))
        .retry_config(retries());
    if let Some(credentials) = credentials {
        config.push_interceptor(SharedInterceptor::new(credentials.clone()));
    }
    aws_sdk_sqs::Client::from_conf(config.build())
}

/// For a call that waits this long for an event.
#[cfg(feature = "sqs")]
pub(super) fn waiting(time: Duration) -> aws_sdk_sqs::config::Builder {
    let [attempt, all] = QUEUE_TIMEOUT.map(|within| within + time);
    aws_sdk_sqs::Config::builder().timeout_config(timeouts([attempt, all]))
}

/// Whether `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3` or the profile sets the endpoint of S3.
#[cfg(feature = "s3")]
fn has_endpoint(config: &SdkConfig) -> bool {
    let key = aws_types::service_config::ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all fields are set");
    let of_s3 = config.service_config().and_then(|configs| configs.load_config(key));
    config.endpoint_url().is_some() || of_s3.is_some()
}

//! Makes a table and a bucket where the environment says that AWS is (`AWS_ENDPOINT_URL` and the like), for an emulator:
//! `cargo run -p roster-storage --example provision --features conformance,s3 -- TABLE BUCKET ENVIRONMENT`.

use aws_config::BehaviorVersion;
use domain::Environment;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |what: &str| arguments.next().unwrap_or_else(|| panic!("{what} is missing"));
    let (table, bucket) = (argument("TABLE"), argument("BUCKET"));
    let environment: Environment = argument("ENVIRONMENT").parse().expect("the name of an environment");
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    storage::aws::provision(&config, &table, &bucket, &environment).await.expect("a table and a bucket");
}

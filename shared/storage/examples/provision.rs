//! Creates a table, a bucket, the bucket of direct uploads, and queues at the endpoint that the environment
//! sets (`AWS_ENDPOINT_URL` and the like), for an emulator. Prints the URLs of the queue of events and of that
//! of dead letters, one per line.
//!
//! `cargo run -p roster-storage --example provision --features conformance,sqs -- TABLE BUCKET UPLOADS QUEUE
//! ENVIRONMENT`

#![allow(clippy::print_stdout, reason = "its output is what it is for")]

use aws_config::BehaviorVersion;
use domain::Environment;

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |what: &str| arguments.next().unwrap_or_else(|| panic!("{what} is missing"));
    let (table, bucket, uploads) = (argument("TABLE"), argument("BUCKET"), argument("UPLOADS"));
    let queue = argument("QUEUE");
    let environment: Environment = argument("ENVIRONMENT").parse().expect("the name of an environment");
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12()).load().await;
    storage::aws::provision(&config, &table, &bucket, &environment).await.expect("a table and a bucket");
    storage::aws::provision_uploads(&config, &uploads).await.expect("a bucket of direct uploads");
    let (events, dead_letters) =
        storage::aws::provision_queues(&config, &bucket, &queue).await.expect("queues and notifications");
    println!("{events}\n{dead_letters}");
}

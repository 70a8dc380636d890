//! The AWS adapter, on emulators inside the test process: dynoxide for `DynamoDB`, s3s-fs for S3. With
//! `ROSTER_TEST_AWS_ENDPOINT` set the suite runs against that endpoint instead, such as moto.

mod changed;
mod conflicts;
mod emulator;
mod errors;
mod foreign;
mod guard;
mod history;
mod lost_answers;
mod objects;
mod pages;
mod requests;
mod steps;
mod sweep;
mod sweep_fixture;
mod sweep_history;
mod sweeps;
mod uploads;

mod conformance {
    use super::emulator::{Emulated, open, open_with_queues};

    async fn emulated() -> Option<Emulated> {
        Some(open().await)
    }

    storage::conformance_suite!(emulated);
    storage::queue_suite!(open_with_queues);
    storage::inventory_suite!(emulated);
}

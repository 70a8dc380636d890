//! The adapters: the suite that each must pass, and tests of its own.

#![allow(clippy::unwrap_used, reason = "all of this is tests, the fixture too")]

mod addresses;
mod aws;
mod boundary;
mod damage;
mod erasure;
mod events;
mod files;
mod fixture;
mod generation;
mod groups;
mod history;
mod postgres;
mod refusals;
mod refused_files;
mod schemas;
mod serving;
mod steps;
mod sweep;
mod write_ahead;

mod conformance {
    use crate::fixture::{Fixture, open};

    async fn fixture() -> Option<Fixture> {
        Some(open().await)
    }

    storage::conformance_suite!(fixture);
    storage::queue_suite!(fixture);
    storage::inventory_suite!(fixture);
}

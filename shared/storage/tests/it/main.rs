//! The embedded store: the suite of every adapter, and what is its own.

mod fixture;

mod conformance {
    use crate::fixture::open;

    storage::conformance_suite!(open);
}

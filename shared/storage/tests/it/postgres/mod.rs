//! The PostgreSQL adapter, on a real server that the tests start (`postgres_server`). Where none is installed they report
//! it and pass; in CI they fail.

mod events;
mod fixture;
mod history;
mod images;
mod migrations;
mod outages;
mod pool;
mod proxy;
mod refusals;
mod several;
mod steps;
mod sweep;
mod uploads;

mod conformance {
    use super::fixture::open;

    storage::conformance_suite!(open);
    storage::queue_suite!(open);
    storage::inventory_suite!(open);
}
